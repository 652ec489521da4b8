"""Keep what indicators count as of an instant, from night to night (E2). The record stays the one source.

Note [Settled]: a count is kept as of a minute before the last anchor. Nothing is recorded before an anchor, and a
transaction that was open when it was made has ended within ``SETTLED``; so what had been recorded by that instant is
there when it is counted, and what is recorded later is later. Who anchors anew may bring that instant back, so the
counts are deleted with it.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.ledger.anchoring import SETTLED, last_anchored
from engine.transaction import Tx
from models.columns import MICROSECOND

COLUMNS: Final = ("question", "facts", "zone", "names", "queries", "since", "as_of", "cells")
PUT = f"""
INSERT INTO indicator_count ({", ".join(COLUMNS)}, seal) VALUES ({", ".join(f":{name}" for name in COLUMNS)}, :seal)
ON CONFLICT (question) DO UPDATE
   SET since = excluded.since, as_of = excluded.as_of, cells = excluded.cells, seal = excluded.seal
 WHERE excluded.as_of >= indicator_count.as_of
"""
ROWS = f"SELECT {', '.join(COLUMNS)}, seal FROM indicator_count"
OF_QUESTION = f"{ROWS} WHERE question = :question"
OF_FACTS = "SELECT question, zone, names, queries FROM indicator_count WHERE facts = :facts ORDER BY question"
ALL = "SELECT question FROM indicator_count ORDER BY question"
FORGET = "DELETE FROM indicator_count WHERE question = :question"
FORGET_ALL = "DELETE FROM indicator_count"

KeptCell = tuple[int, Sequence[str], int, Sequence[int]]
"""When the month begins, in microseconds, the values of the attributes, the number of facts, and the sums."""


@dataclass(frozen=True, slots=True)
class KeptCount:
    """The cells of one question as of an instant; see ``models/indicator_count.py``. Instants are in microseconds."""

    question: str
    facts: str
    zone: str
    names: tuple[str, ...]
    queries: tuple[str, ...]
    since: int
    as_of: int
    cells: Sequence[KeptCell]


def settled(tx: Tx) -> int | None:
    """Return the instant as of which counts may be kept; None without an anchor. See Note [Settled]."""
    last = last_anchored(tx)
    return None if last is None else last.at - SETTLED // MICROSECOND


def kept_count(tx: Tx, question: str) -> KeptCount | None:
    """Return what is kept of a question; None where nothing is, or where its row does not fit its seal."""
    row = tx.row(OF_QUESTION, question=question)
    if row is None or row.seal != _seal(row._asdict()):
        return None
    values = row._asdict() | {name: tuple(orjson.loads(getattr(row, name))) for name in ("names", "queries")}
    return KeptCount(**{name: values[name] for name in COLUMNS} | {"cells": orjson.loads(row.cells)})


def kept_of(tx: Tx, facts: str) -> list[Any]:
    """Return question, zone, names and queries, as texts, of what is kept of a kind of facts."""
    return tx.rows(OF_FACTS, facts=facts)


def keep_count(tx: Tx, count: KeptCount) -> None:
    """Keep a count in place of an earlier one of its question. One as of a later instant stays."""
    if kept_count(tx, count.question) is None:
        tx.run(FORGET, question=count.question)  # a row that does not fit its seal
    texts = {name: orjson.dumps(getattr(count, name)).decode() for name in ("names", "queries", "cells")}
    row = {name: getattr(count, name) for name in COLUMNS} | texts
    tx.run(PUT, **row, seal=_seal(row))


def seal_faults(tx: Tx) -> Iterator[str]:
    """Yield a fault for each row that does not fit its seal. Nobody reads it, and the next night counts anew."""
    for row in tx.rows(f"{ROWS} ORDER BY question"):
        if row.seal != _seal(row._asdict()):
            yield f"count_seal {ascii(row.facts)[1:-1][:40]}"


def forget_others(tx: Tx, questions: Collection[str]) -> None:
    """Delete what is kept of other questions than these."""
    for row in tx.rows(ALL):
        if row.question not in questions:
            tx.run(FORGET, question=row.question)


def forget_counts(tx: Tx) -> None:
    """Delete all that is kept; the next night counts anew."""
    tx.run(FORGET_ALL)


def _seal(row: dict[str, Any]) -> str:
    return hashlib.sha256("\n".join(str(row[name]) for name in COLUMNS).encode()).hexdigest()
