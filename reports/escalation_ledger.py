"""Reads which escalation steps fired since the last ledger that the Prefect UI got, whoever fired them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.transaction import Tx
from models.columns import from_micros, to_micros

LEDGER_RUN = "escalation-ledger"
"""The name under which each ledger is kept among the runs."""
OVERLAP = timedelta(seconds=60)
"""A step may become visible this long after the instant it bears: its transaction waited for another one."""
REMEMBERED = 2_000
"""The most steps of the overlap that a ledger remembers; after more the next one begins where it ended."""

LAST = "SELECT ended_at, note FROM run WHERE flow = :flow ORDER BY began_at DESC, id DESC LIMIT 1"
COUNT = "SELECT count(*) AS n, max(recorded_at) AS last FROM escalation_step WHERE recorded_at > :after"
STEPS = """
SELECT s.timer_id, s.step, c.number, c.kind, s.seq, t.move, s.clause, s.percent, s.level, s.cycle, s.due_at,
       s.recorded_at, c.department, c.owner
  FROM escalation_step s JOIN cases c ON c.id = s.case_id
  JOIN transition t ON t.case_id = s.case_id AND t.seq = s.seq
 WHERE s.recorded_at > :after ORDER BY s.recorded_at DESC, s.timer_id DESC, s.step DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class LedgerStep:
    """An escalation step as the ledger shows it."""

    key: str
    number: str
    kind: str
    seq: int
    move: str
    clause: str
    percent: int
    level: int
    cycle: int
    due_at: datetime
    recorded_at: datetime
    department: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The steps since the last ledger, the newest ``steps`` of ``count``, oldest first.

    ``until`` is the instant of the newest, and ``overlap`` the keys of those that the next ledger will find again.
    """

    steps: tuple[LedgerStep, ...]
    count: int
    until: datetime
    overlap: tuple[str, ...]


def unreported(tx: Tx, since: datetime, limit: int) -> Ledger:
    """Return the steps that no ledger has reported; before the first ledger, those recorded after ``since``."""
    last = tx.row(LAST, flow=LEDGER_RUN)
    until = from_micros(last.ended_at) if last is not None else since
    known = frozenset(json.loads(last.note).get("overlap", ())) if last is not None else frozenset[str]()
    after = until - OVERLAP if known else until
    rows = tx.rows(STEPS, after=to_micros(after), limit=limit + len(known))
    steps = [step for step in map(_step, rows) if step.key not in known]
    total = tx.row(COUNT, after=to_micros(after))
    newest = from_micros(total.last) if total.last is not None else until
    overlap = [step.key for step in map(_step, rows) if step.recorded_at > newest - OVERLAP]
    kept = tuple(overlap) if len(rows) < limit and len(overlap) <= REMEMBERED else ()
    return Ledger(tuple(reversed(steps[:limit])), total.n - len(known), max(newest, until), kept)


def _step(row: Any) -> LedgerStep:
    return LedgerStep(
        key=f"{row.timer_id}:{row.step}",
        number=row.number,
        kind=row.kind,
        seq=row.seq,
        move=row.move,
        clause=row.clause,
        percent=row.percent,
        level=row.level,
        cycle=row.cycle,
        due_at=from_micros(row.due_at),
        recorded_at=from_micros(row.recorded_at),
        department=row.department,
        owner=row.owner,
    )
