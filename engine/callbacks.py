"""Plans callbacks into working hours and keeps count of the attempts (D1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.calendar import calendar
from engine.moving import retrying
from engine.policy import pack
from engine.store import Store, Tx
from models.columns import from_micros, to_micros

FIRST_AFTER = timedelta(days=1)
NEXT_AFTER = timedelta(days=1, hours=3)
"""The next attempt is made on another day and at another hour."""

UNPLANNED = """
SELECT c.id, c.pack, c.cycle, c.attempts, k.opened_at FROM cases c
  JOIN clock k ON k.case_id = c.id AND k.clause = 'revisit' AND k.closed_at IS NULL
 WHERE NOT EXISTS (SELECT 1 FROM callback b WHERE b.case_id = c.id AND b.cycle = c.cycle AND b.done_at IS NULL)
"""
ONE = " AND c.id = :case_id"
INSERT = """
INSERT INTO callback (case_id, cycle, attempt, planned_at) VALUES (:case_id, :cycle, :attempt, :planned_at)
ON CONFLICT DO NOTHING
"""
DUE = """
SELECT b.case_id, c.number, b.cycle, b.attempt, b.planned_at, p.phone, a.row_id
  FROM callback b JOIN cases c ON c.id = b.case_id
  JOIN clock k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause = 'revisit' AND k.closed_at IS NULL
  LEFT JOIN party p ON p.id = c.party_id
  LEFT JOIN arrival a ON a.case_id = b.case_id AND a.part = 'contact'
 WHERE b.done_at IS NULL AND b.outcome IS NULL AND b.planned_at <= :at ORDER BY b.planned_at, b.case_id LIMIT :limit
"""
HANDED = """
UPDATE callback SET outcome = 'handed'
 WHERE case_id = :case_id AND cycle = :cycle AND attempt = :attempt AND done_at IS NULL
"""
OVER = """
UPDATE callback SET outcome = :outcome, done_at = :at
 WHERE case_id = :case_id AND cycle = :cycle AND attempt = :attempt AND done_at IS NULL
"""
# A callback whose revisit clock has stopped is wanted no more.
STALE = """
UPDATE callback SET outcome = :outcome, done_at = :at WHERE case_id = :case_id AND done_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM clock k WHERE k.case_id = callback.case_id AND k.cycle = callback.cycle
                      AND k.clause = 'revisit' AND k.closed_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A callback that is due: whom to call, and for which case. ``row_id`` is its row in the source."""

    case_id: int
    number: str
    cycle: int
    attempt: int
    planned_at: int
    phone: str | None
    row_id: str | None

    @property
    def key(self) -> str:
        """The key of every effect of this attempt."""
        return f"{self.number}:callback:{self.cycle}:{self.attempt}"


def plan(store: Store, at: datetime, case_id: int | None = None) -> int:
    """Plan the next attempt of every resolved case that has none (or of one case); returns how many."""
    return retrying(lambda: _plan(store, to_micros(at), case_id))


def _plan(store: Store, at: int, case_id: int | None) -> int:
    with store.writing() as tx:
        sql, values = (UNPLANNED + ONE, {"case_id": case_id}) if case_id is not None else (UNPLANNED, {})
        return sum(_plan_one(tx, row, at) for row in tx.rows(sql, **values))


def _plan_one(tx: Tx, row: Any, at: int) -> int:
    rules = pack(row.pack).callbacks
    if row.attempts >= rules.attempts:
        return 0
    now = from_micros(at)
    wanted = now + NEXT_AFTER if row.attempts else from_micros(row.opened_at) + FIRST_AFTER
    planned = calendar(rules.calendar).next_open(max(wanted, now))
    return tx.run(INSERT, case_id=row.id, cycle=row.cycle, attempt=row.attempts + 1, planned_at=to_micros(planned))


def due(store: Store, at: datetime, limit: int = 50) -> list[Planned]:
    """The callbacks whose hour has come and that nobody has in hand."""
    with store.looking() as tx:
        return [Planned(*row) for row in tx.rows(DUE, at=to_micros(at), limit=limit)]


def hand_over(store: Store, planned: Planned) -> None:
    """A person has the callback now; it stays open until he records what came of it."""
    with store.writing() as tx:
        tx.run(HANDED, case_id=planned.case_id, cycle=planned.cycle, attempt=planned.attempt)


def finish(store: Store, case_id: int, cycle: int, attempt: int, outcome: str, at: datetime) -> None:
    """An attempt was made."""
    with store.writing() as tx:
        tx.run(OVER, case_id=case_id, cycle=cycle, attempt=attempt, outcome=outcome, at=to_micros(at))


def call_off(store: Store, case_id: int, outcome: str, at: datetime) -> None:
    """The case has moved on and waits for no callback."""
    with store.writing() as tx:
        tx.run(STALE, case_id=case_id, outcome=outcome, at=to_micros(at))
