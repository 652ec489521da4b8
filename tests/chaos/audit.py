"""Looks at a store from outside, in plain SQL: what was acknowledged or due and is not there, what is there twice."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.engine import make_url

from engine.databases import postgres_conninfo, sqlite_file
from engine.rules.policy import pack
from tests.chaos.ledger import Acknowledged, whole_lines

HISTORIC = 3600 * 1_000_000
"""So many microseconds after it happened, nobody is told by mail any more."""
RUNG_MOVES = ("remind", "breach")
ONCE = ("acknowledge", "suggest", "classify", "assign")
"""What the flows do once in the life of a case."""

MOVES = """
SELECT c.number, t.seq, t.move, t.via, t.cycle, t.form, t.recorded_at - t.occurred_at > {historic}, c.closed, p.email
  FROM transition t JOIN cases c ON c.id = t.case_id LEFT JOIN party p ON p.id = c.party_id
"""
DELIVERIES = (
    "SELECT c.number, d.seq, d.reaction, d.status, d.tries, d.error FROM delivery d JOIN cases c ON c.id = d.case_id"
)
CLOCKS = "SELECT id, clause, opened_at, allowance, coalesce(closed_at, {until}) FROM timer"
RUNGS = "SELECT timer_id, percent, due_at FROM escalation_step"
# Whom a case asked at a level, and the mail that said so; and the steps whose promises are still open.
NOTICES = """
SELECT c.number, n.cycle, n.level, n.mail, n.recipient, n.timer_id FROM notice n JOIN cases c ON c.id = n.case_id
"""
OPEN_STEPS = """
SELECT c.number, s.seq FROM escalation_step s JOIN timer k ON k.id = s.timer_id JOIN cases c ON c.id = s.case_id
 WHERE k.closed_at IS NULL
"""
UNTAKEN = "SELECT row_id, part, refusal FROM arrival WHERE processed_at IS NULL OR refusal IS NOT NULL"
UNTOLD = "SELECT case_id, seq FROM outbox_event"
# Every word that a clerk or a file says ends in a key of its own.
SAID_TWICE = "SELECT field, content FROM statement WHERE content LIKE '%[%' GROUP BY 1, 2 HAVING count(*) > 1"
# A reply that stood in the file from the beginning keeps its promise; no rung fires past it.
UNWARRANTED = """
SELECT r.case_id, r.clause, r.percent FROM escalation_step r JOIN timer k ON k.id = r.timer_id JOIN transition t
    ON t.case_id = k.case_id AND t.via = 'import' AND t.move = 'resolve' AND t.occurred_at = k.closed_at
 WHERE r.due_at > k.closed_at
"""


class Moved(NamedTuple):
    """One transition, and what must be known to say who had to be told."""

    number: str
    seq: int
    move: str
    via: str
    cycle: int
    form: str
    historic: bool
    closed: bool
    email: str | None

    @property
    def rung(self) -> bool:
        return self.via == "timer" and self.move in RUNG_MOVES

    def only(self) -> tuple[Any, ...] | None:
        """What there may be only one of; None for what may be done again."""
        told = json.loads(self.form)
        if self.rung:
            return self.number, told["clause"], told["cycle"], told["percent"]
        if self.via == "flow" and self.move == "attempt":
            return self.number, self.cycle, told["attempts"]
        if self.via == "flow" and self.move in ONCE:
            return self.number, self.move
        return (told["source"], told["row_id"]) if self.via == "import" and self.move == "open" else None


@dataclass
class Audit:
    """What was found; each finding in words."""

    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    resent: int = 0


def audit(url: str, ledger: list[Acknowledged], drop: Path, until: int) -> Audit:
    """Compare the store at ``url`` with the ledger, with the mails dropped, and with what was due ``until`` then."""
    found, mails = Audit(), whole_lines(drop.read_text("utf-8", "replace")) if drop.exists() else []
    with closing(_opened(url)) as raw:

        def rows(sql: str) -> list[Any]:
            return raw.execute(sql).fetchall()

        moves = [Moved(*row) for row in rows(MOVES.format(historic=HISTORIC))]
        found.lost += _unkept(moves, ledger)
        found.lost += _undelivered(moves, rows(DELIVERIES))
        keys = {mail["key"] for mail in mails}
        found.lost += _unsent(moves, keys)
        notices = rows(NOTICES)
        found.lost += _unasked(moves, keys, notices, {tuple(row) for row in rows(OPEN_STEPS)})
        found.doubled += _twice((number, cycle, level, *who) for number, cycle, level, _, *who in notices)
        found.lost += _unfired(rows(CLOCKS.format(until=until)), rows(RUNGS))
        found.lost += [f"arrival {tuple(row)}" for row in rows(UNTAKEN)] + [
            f"moment {tuple(row)}" for row in rows(UNTOLD)
        ]
        found.doubled += [f"said {tuple(row)}" for row in rows(SAID_TWICE)]
        found.wrong += [f"not known again {entry}" for entry in ledger if entry.refused == "key_reused"]
        found.wrong += [f"unwarranted rung {tuple(row)}" for row in rows(UNWARRANTED)]
    found.doubled += _twice(only for moved in moves if (only := moved.only()))
    found.doubled += _twice(
        {(entry.key, entry.number, entry.seq): (entry.key,) for entry in ledger if entry.seq}.values()
    )
    found.doubled += _twice((key,) for key, *_ in {tuple(mail.values()) for mail in mails})
    found.resent = len(mails) - len({mail["key"] for mail in mails})
    return found


def _opened(url: str) -> Any:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return sqlite3.connect(sqlite_file(url))
    return psycopg.connect(postgres_conninfo(parts), autocommit=True)


def _twice(identities: Iterable[tuple[Any, ...]]) -> list[str]:
    return [f"{n} x {identity}" for identity, n in Counter(identities).items() if n > 1]


def _unkept(moves: list[Moved], ledger: list[Acknowledged]) -> Iterator[str]:
    there = {(moved.number, moved.seq, moved.move) for moved in moves}
    for entry in ledger:
        if entry.seq and (entry.number, entry.seq, entry.move) not in there:
            yield f"acknowledged {entry}"


def _undelivered(moves: list[Moved], deliveries: list[Any]) -> Iterator[str]:
    """Every fan-out is finished, and every delivery done."""
    yield from (f"delivery {tuple(row)}" for row in deliveries if row[3] != "done")
    there = {tuple(row[:3]) for row in deliveries}
    for moved in moves:
        wanted = ("classify_contact", "acknowledge_contact") if moved.move == "open" else ()
        for reaction in ("tell_escalation_step",) if moved.rung else wanted:
            if (moved.number, moved.seq, reaction) not in there:
                yield f"fan-out {moved.number}:{moved.seq}:{reaction}"


def _unsent(moves: list[Moved], keys: set[str]) -> Iterator[str]:
    """A customer who just wrote has his receipt."""
    for moved in moves:
        receipt = f"{moved.number}:1:acknowledge_contact:acknowledged"
        if moved.move == "open" and not moved.historic and moved.email and receipt not in keys:
            yield f"receipt {receipt}"


def _unasked(moves: list[Moved], keys: set[str], notices: list[Any], open_steps: set[tuple[str, int]]) -> Iterator[str]:
    """Of a case whose promise is broken, each level that a step asks has a notice that was sent."""
    asked = Counter((number, cycle, level) for number, cycle, level, mail, *_ in notices if mail in keys)
    yield from (f"unsent notice {tuple(row)}" for row in notices if row[3] not in keys and row[0] not in _closed(moves))
    for moved in moves:
        if moved.rung and not moved.historic and not moved.closed and (moved.number, moved.seq) in open_steps:
            level = json.loads(moved.form)["level"]
            if not asked[moved.number, moved.cycle, level]:
                yield f"notice {moved.number} level {level}"


def _closed(moves: list[Moved]) -> set[str]:
    return {moved.number for moved in moves if moved.closed}


def _unfired(clocks: list[Any], rungs: list[Any]) -> Iterator[str]:
    """No clock of a chaos run ever rests, so each rung's instant follows from the clock's beginning alone."""
    fired = {tuple(row) for row in rungs}
    ladder = [step.percent for step in pack("logistics").ladder]
    for clock, clause, opened_at, budget, until in clocks:
        for percent in [100] if clause == "archive" else ladder:
            due = opened_at + budget * percent // 100
            if due <= until and (clock, percent, due) not in fired:
                yield f"rung {clause} {percent} of clock {clock}"
