"""Audits a store by plain SQL: what was acknowledged or due but is missing, and what is there twice."""

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
"""After so many microseconds, a move sends no mail any more."""
STEP_MOVES = ("remind", "breach")
ONCE = ("acknowledge", "suggest", "classify", "assign")
"""The moves that the flows make once in a case."""

MOVES = """
SELECT c.number, t.seq, t.move, t.via, t.cycle, t.form, t.recorded_at - t.occurred_at > {historic}, c.closed, p.email
  FROM transition t JOIN cases c ON c.id = t.case_id LEFT JOIN party p ON p.id = c.party_id
"""
DELIVERIES = (
    "SELECT c.number, d.seq, d.reaction, d.status, d.tries, d.error FROM delivery d JOIN cases c ON c.id = d.case_id"
)
TIMERS = "SELECT id, clause, opened_at, allowance, coalesce(closed_at, {until}) FROM timer"
STEPS = "SELECT timer_id, percent, due_at FROM escalation_step"
# Whom a case asked at a level, and the mail that said so, or 'later' for a digest that was not due yet; and the steps
# whose promises are still open.
NOTICES = """
SELECT c.number, n.cycle, n.level, CASE WHEN n.mail IS NULL AND n.digest_at > {until} THEN 'later' ELSE n.mail END,
       n.recipient, n.timer_id, CASE WHEN n.awaiting IS NOT NULL THEN n.seq END
  FROM notice n JOIN cases c ON c.id = n.case_id
"""
OPEN_STEPS = """
SELECT c.number, s.seq FROM escalation_step s JOIN timer k ON k.id = s.timer_id JOIN cases c ON c.id = s.case_id
 WHERE k.closed_at IS NULL
"""
UNPROCESSED = "SELECT row_id, part, refusal FROM arrival WHERE processed_at IS NULL OR refusal IS NOT NULL"
OUTBOX = "SELECT case_id, seq FROM outbox_event"
# Every text of a clerk or of a file ends in its own key.
DUPLICATE_TEXTS = "SELECT field, content FROM statement WHERE content LIKE '%[%' GROUP BY 1, 2 HAVING count(*) > 1"
# A reply that the file held from the beginning meets its timer; no escalation step fires after it.
UNWARRANTED = """
SELECT r.case_id, r.clause, r.percent FROM escalation_step r JOIN timer k ON k.id = r.timer_id JOIN transition t
    ON t.case_id = k.case_id AND t.via = 'import' AND t.move = 'resolve' AND t.occurred_at = k.closed_at
 WHERE r.due_at > k.closed_at
"""


class MoveRow(NamedTuple):
    """One transition, with what decides who is notified of it."""

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
    def is_step(self) -> bool:
        return self.via == "timer" and self.move in STEP_MOVES

    def unique_key(self) -> tuple[Any, ...] | None:
        """Return the key that no other transition may have; None for a move that may be repeated."""
        form = json.loads(self.form)
        if self.is_step:
            return self.number, form["clause"], form["cycle"], form["percent"]
        if self.via == "flow" and self.move == "attempt":
            return self.number, self.cycle, form["attempts"]
        if self.via == "flow" and self.move in ONCE:
            return self.number, self.move
        return (form["source"], form["row_id"]) if self.via == "import" and self.move == "open" else None


@dataclass
class Audit:
    """The findings, each as a line of text."""

    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    resent: int = 0


def audit(url: str, ledger: list[Acknowledged], drop: Path, until: int) -> Audit:
    """Compare the store at ``url`` with the ledger, the mails sent, and what was due ``until`` that instant."""
    result, mails = Audit(), whole_lines(drop.read_text("utf-8", "replace")) if drop.exists() else []
    with closing(_connect(url)) as raw:

        def rows(sql: str) -> list[Any]:
            return raw.execute(sql).fetchall()

        moves = [MoveRow(*row) for row in rows(MOVES.format(historic=HISTORIC))]
        result.lost += _missing_moves(moves, ledger)
        result.lost += _missing_deliveries(moves, rows(DELIVERIES))
        keys = {mail["key"] for mail in mails}
        result.lost += _missing_receipts(moves, keys)
        notices = rows(NOTICES.format(until=until))
        result.lost += _missing_notices(moves, keys | {"later"}, notices, {tuple(row) for row in rows(OPEN_STEPS)})
        result.doubled += _duplicates((number, cycle, level, *who) for number, cycle, level, _, *who in notices)
        result.lost += _missing_steps(rows(TIMERS.format(until=until)), rows(STEPS))
        result.lost += [f"arrival {tuple(row)}" for row in rows(UNPROCESSED)]
        result.lost += [f"outbox event {tuple(row)}" for row in rows(OUTBOX)]
        result.doubled += [f"text {tuple(row)}" for row in rows(DUPLICATE_TEXTS)]
        result.wrong += [f"key not recognised {entry}" for entry in ledger if entry.refused == "key_reused"]
        result.wrong += [f"unwarranted step {tuple(row)}" for row in rows(UNWARRANTED)]
    result.doubled += _duplicates(key for row in moves if (key := row.unique_key()))
    result.doubled += _duplicates(
        {(entry.key, entry.number, entry.seq): (entry.key,) for entry in ledger if entry.seq}.values()
    )
    result.doubled += _duplicates((key,) for key, *_ in {tuple(mail.values()) for mail in mails})
    result.resent = len(mails) - len({mail["key"] for mail in mails})
    return result


def _connect(url: str) -> Any:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return sqlite3.connect(sqlite_file(url))
    return psycopg.connect(postgres_conninfo(parts), autocommit=True)


def _duplicates(keys: Iterable[tuple[Any, ...]]) -> list[str]:
    return [f"{n} x {key}" for key, n in Counter(keys).items() if n > 1]


def _missing_moves(moves: list[MoveRow], ledger: list[Acknowledged]) -> Iterator[str]:
    stored = {(row.number, row.seq, row.move) for row in moves}
    for entry in ledger:
        if entry.seq and (entry.number, entry.seq, entry.move) not in stored:
            yield f"acknowledged {entry}"


def _missing_deliveries(moves: list[MoveRow], deliveries: list[Any]) -> Iterator[str]:
    """Yield each delivery that is not done, and each that the fan-out of a move left out."""
    yield from (f"delivery {tuple(row)}" for row in deliveries if row[3] != "done")
    stored = {tuple(row[:3]) for row in deliveries}
    for row in moves:
        on_open = ("classify_contact", "acknowledge_contact") if row.move == "open" else ()
        for reaction in ("tell_escalation_step",) if row.is_step else on_open:
            if (row.number, row.seq, reaction) not in stored:
                yield f"fan-out {row.number}:{row.seq}:{reaction}"


def _missing_receipts(moves: list[MoveRow], keys: set[str]) -> Iterator[str]:
    """Yield each receipt of a new contact that was not sent."""
    for row in moves:
        receipt = f"{row.number}:1:acknowledge_contact:acknowledged"
        if row.move == "open" and not row.historic and row.email and receipt not in keys:
            yield f"receipt {receipt}"


def _missing_notices(
    moves: list[MoveRow], keys: set[str], notices: list[Any], open_steps: set[tuple[str, int]]
) -> Iterator[str]:
    """Yield each notice that was not sent, and each level that a step of an open promise asks without a notice."""
    closed = {row.number for row in moves if row.closed}
    asked = [row for row in notices if row[-1] is None]  # the others say whom a state awaits
    sent = Counter((number, cycle, level) for number, cycle, level, mail, *_ in asked if mail in keys)
    yield from (f"unsent notice {tuple(row)}" for row in notices if row[3] not in keys and row[0] not in closed)
    for row in moves:
        if row.is_step and not row.historic and not row.closed and (row.number, row.seq) in open_steps:
            level = json.loads(row.form)["level"]
            if not sent[row.number, row.cycle, level]:
                yield f"notice {row.number} level {level}"


def _missing_steps(timers: list[Any], steps: list[Any]) -> Iterator[str]:
    """Yield each due step that did not fire. No timer pauses in a chaos run, so its start gives each instant."""
    fired = {tuple(row) for row in steps}
    ladder = [step.percent for step in pack("logistics").ladder]
    for timer, clause, opened_at, allowance, until in timers:
        for percent in [100] if clause == "archive" else ladder:
            due = opened_at + allowance * percent // 100
            if due <= until and (timer, percent, due) not in fired:
                yield f"step {clause} {percent} of timer {timer}"
