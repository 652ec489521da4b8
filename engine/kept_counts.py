"""Keep what indicators count as of an instant, from night to night (E2). The record stays the one source.

Note [Settled]: a count is kept as of a minute before the last anchor. Nothing is recorded before an anchor, and a
transaction that was open when it was made has ended within ``SETTLED`` of ``ledger/anchoring.py``; so what had been
recorded by that instant is there when it is counted, and what is recorded later is later. Who anchors anew may bring
that instant back, so the counts are deleted with it.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.transaction import Tx

COLUMNS: Final = ("question", "facts", "zone", "names", "queries", "since", "as_of", "cells")
PUT = f"""
INSERT INTO indicator_count ({", ".join(COLUMNS)}, seal) VALUES ({", ".join(f":{name}" for name in COLUMNS)}, :seal)
ON CONFLICT (question, as_of) DO UPDATE
   SET facts = excluded.facts, zone = excluded.zone, names = excluded.names, queries = excluded.queries,
       since = excluded.since, cells = excluded.cells, seal = excluded.seal
"""
ROWS = f"SELECT {', '.join(COLUMNS)}, seal FROM indicator_count"
NEWEST = f"{ROWS} WHERE question = :question ORDER BY as_of DESC LIMIT 1"
AS_OF = f"{ROWS} WHERE question = :question AND as_of = :as_of"
ALL_AS_OF = f"{ROWS} WHERE as_of = :as_of"
OF_FACTS = """
SELECT DISTINCT question, zone, names, queries FROM indicator_count WHERE facts = :facts ORDER BY question
"""
INSTANTS = "SELECT question, as_of FROM indicator_count ORDER BY question, as_of"
INSTANTS_OF = "SELECT as_of FROM indicator_count WHERE question = :question ORDER BY as_of"
FORGET = "DELETE FROM indicator_count WHERE question = :question AND as_of = :as_of"
FORGET_ALL = "DELETE FROM indicator_count"

KeptCell = tuple[int, Sequence[str], int, Sequence[int | str]]
"""When the month begins, in microseconds, the values of the attributes, the number of facts, and the sums.

Of durations, which are not added up, there is a text of all of them in place of the sums.
"""


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


def kept_count(tx: Tx, question: str, as_of: int | None = None) -> KeptCount | None:
    """Return what is kept of a question, as of an instant, or the newest; None where the row does not fit its seal."""
    row = tx.row(NEWEST, question=question) if as_of is None else tx.row(AS_OF, question=question, as_of=as_of)
    if row is None or row.seal != _seal(row._asdict()):
        return None
    values = row._asdict() | {name: tuple(orjson.loads(getattr(row, name))) for name in ("names", "queries")}
    return KeptCount(**{name: values[name] for name in COLUMNS} | {"cells": orjson.loads(row.cells)})


def kept_of(tx: Tx, facts: str) -> list[Any]:
    """Return question, zone, names and queries, as texts, of what is kept of a kind of facts."""
    return tx.rows(OF_FACTS, facts=facts)


def keep_count(tx: Tx, count: KeptCount) -> None:
    """Keep a count, in place of an earlier one of its question as of the same instant."""
    texts = {name: orjson.dumps(getattr(count, name)).decode() for name in ("names", "queries", "cells")}
    row = {name: getattr(count, name) for name in COLUMNS} | texts
    tx.run(PUT, **row, seal=_seal(row))


def seal_faults(tx: Tx) -> Iterator[str]:
    """Yield a fault for each row that does not fit its seal. Nobody reads it, and the next night counts anew."""
    for row in tx.rows(f"{ROWS} ORDER BY question"):
        if row.seal != _seal(row._asdict()):
            yield f"count_seal {ascii(row.facts)[1:-1][:40]}"


def kept_instants(tx: Tx, question: str) -> list[int]:
    """Return the instants as of which something is kept of a question, oldest first."""
    return [row.as_of for row in tx.rows(INSTANTS_OF, question=question)]


def questions_kept(tx: Tx, as_of: int) -> frozenset[str]:
    """Return the questions of which a row as of an instant is kept that fits its seal."""
    return frozenset(row.question for row in tx.rows(ALL_AS_OF, as_of=as_of) if row.seal == _seal(row._asdict()))


def forget_others(tx: Tx, kept: Mapping[str, Collection[int]], before: int) -> None:
    """Delete the rows of other questions than these, and of these the rows as of other instants before this one."""
    for row in tx.rows(INSTANTS):
        if row.question not in kept or (row.as_of < before and row.as_of not in kept[row.question]):
            tx.run(FORGET, question=row.question, as_of=row.as_of)


def forget_counts(tx: Tx) -> None:
    """Delete all that is kept; the next night counts anew."""
    tx.run(FORGET_ALL)


def _seal(row: dict[str, Any]) -> str:
    return hashlib.sha256("\n".join(str(row[name]) for name in COLUMNS).encode()).hexdigest()
