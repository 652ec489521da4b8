"""Plan callbacks into working hours, choose who calls, and count the attempts (D1, D3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from engine.actors import SYSTEM
from engine.calendars.callers import Callers, callers
from engine.calendars.calling_hours import CALL_WINDOWS, FIRST_AFTER, NEXT_AFTER, Wish, planned
from engine.contention import in_transaction
from engine.ledger.journal import journal_row
from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers import parking
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.complaint import COMPLAINT
from statemachines.kinds import lifecycles

AWAITED = """
SELECT c.id, c.kind, c.pack, c.cycle, c.attempts, c.party_id, k.opened_at, k.running_since, k.allowance,
       k.consumed, k.unit, k.calendar FROM cases c
  JOIN timer k ON k.case_id = c.id AND k.clause IN ({revisit}) AND k.closed_at IS NULL
 WHERE c.state IN ({callable})
"""
UNPLANNED = (
    AWAITED
    + " AND NOT EXISTS (SELECT 1 FROM callback b WHERE b.case_id = c.id AND b.cycle = c.cycle AND b.done_at IS NULL)\n"
)
ONE = " AND c.id = :case_id"
DID = """
SELECT DISTINCT t.case_id, t.move, a.handle FROM ({unplanned}) u JOIN transition t ON t.case_id = u.id
  JOIN actor a ON a.id = t.actor_id
"""
SPOKEN = """
SELECT p.party_id, max(t.occurred_at) AS at FROM (SELECT DISTINCT u.party_id FROM ({unplanned}) u) p
  JOIN party own ON own.id = p.party_id
  JOIN party other ON other.id = coalesce(own.person_id, own.id) OR other.person_id = coalesce(own.person_id, own.id)
  JOIN cases o ON o.party_id = other.id JOIN transition t ON t.case_id = o.id AND t.move IN ({revisit})
 GROUP BY p.party_id
"""
TRIED = """
SELECT b.case_id, coalesce(b.done_at, b.planned_at) AS at FROM ({unplanned}) u
  JOIN callback b ON b.case_id = u.id AND b.cycle = u.cycle
"""
MADE = """
SELECT done_at FROM callback WHERE case_id = :case_id AND cycle = :cycle AND done_at IS NOT NULL ORDER BY attempt
"""
INSERT = """
INSERT INTO callback (case_id, cycle, attempt, planned_at, owner)
VALUES (:case_id, :cycle, :attempt, :planned_at, :owner) ON CONFLICT DO NOTHING
"""
DUE = """
SELECT b.case_id, c.number, b.cycle, b.attempt, b.planned_at, p.phone, a.row_id
  FROM callback b JOIN cases c ON c.id = b.case_id
  JOIN timer k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause IN ({revisit}) AND k.closed_at IS NULL
  LEFT JOIN party p ON p.id = c.party_id
  LEFT JOIN arrival a ON a.case_id = b.case_id AND a.part = 'contact'
  LEFT JOIN parked q ON q.case_id = b.case_id AND q.work = 'callback'
 WHERE b.done_at IS NULL AND b.outcome IS NULL AND b.planned_at <= :at AND (q.case_id IS NULL OR q.next_at <= :at)
 ORDER BY b.planned_at, b.case_id LIMIT :limit
"""
HANDED = """
UPDATE callback SET outcome = 'handed'
 WHERE case_id = :case_id AND cycle = :cycle AND attempt = :attempt AND done_at IS NULL
"""
OVER = """
UPDATE callback SET outcome = :outcome, done_at = :at
 WHERE case_id = :case_id AND cycle = :cycle AND attempt = :attempt AND done_at IS NULL
"""
# A callback is no longer needed once the timer of its window has ended.
STALE = """
UPDATE callback SET outcome = :outcome, done_at = :at WHERE case_id = :case_id AND done_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM timer k WHERE k.case_id = callback.case_id AND k.cycle = callback.cycle
                      AND k.clause IN ({revisit}) AND k.closed_at IS NULL)
RETURNING cycle, attempt
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
        """Return the key of every effect of this attempt."""
        return f"{self.number}:callback:{self.cycle}:{self.attempt}"


def plan(store: Store, at: datetime, case_id: int | None = None) -> int:
    """Plan the next attempt of every resolved case that has none (or of one case); returns how many."""
    return in_transaction(store, lambda tx: _plan(tx, to_micros(at), case_id))


def _plan(tx: Tx, at: int, case_id: int | None) -> int:
    unplanned = UNPLANNED.format(
        revisit=recorded_as("clause", *CALL_WINDOWS), callable=recorded_as("state", *_callable())
    )
    sql, values = (unplanned + ONE, {"case_id": case_id}) if case_id is not None else (unplanned, {})
    rows = tx.rows(f"{sql} ORDER BY c.id", **values)
    if not rows:
        return 0
    did = tx.rows(DID.format(unplanned=sql), **values)
    planning = _Planning(tx, rules_in(tx), callers(tx, did), at, sql, values)
    return sum(planning.plan(row) for row in rows)


def next_attempt(tx: Tx, case_id: int, at: datetime) -> datetime | None:
    """Return for when the next attempt is planned if nobody answers a call at ``at``.

    None where that call is the last one that the pack asks for, or the case awaits no callback.
    """
    names = {"revisit": recorded_as("clause", *CALL_WINDOWS), "callable": recorded_as("state", *_callable())}
    sql, values = AWAITED.format(**names) + ONE, {"case_id": case_id}
    row = tx.row(sql, **values)
    if row is None:
        return None
    planning = _Planning(tx, rules_in(tx), callers(tx, ()), to_micros(at), sql, values)
    made = [from_micros(call.done_at) for call in tx.rows(MADE, case_id=case_id, cycle=row.cycle)]
    after_this = SimpleNamespace(**row._asdict() | {"attempts": row.attempts + 1})
    return planning.when(after_this, [*made, at])


def _callable() -> set[str]:
    """Return the states of all kinds in which a callback is awaited: those in which a call in vain is recorded."""
    return {state for table in lifecycles().values() for row in table.rows.get("attempt", ()) for state in row.sources}


@dataclass
class _Planning:
    """The planning of one transaction: queries shared by its cases, and the plan of each case."""

    tx: Tx
    rules: Rules
    callers: Callers
    at: int
    sql: str
    values: Mapping[str, Any]

    def plan(self, row: Any) -> int:
        """Plan a case's next attempt; returns how many were planned."""
        when = self.when(row, self.tried.get(row.id, [from_micros(self.at)] if row.attempts else []))
        if when is None:
            return 0
        place = self.rules.calendar(self.rules.pack(row.pack, self.at).callbacks.calendar)
        owner = self.callers.pick(row.id, row.kind, when, place)
        values = {"case_id": row.id, "cycle": row.cycle, "attempt": row.attempts + 1, "owner": owner}
        new = self.tx.run(INSERT, planned_at=to_micros(when), **values)
        journal_row(self.tx, "callback", (row.id, row.cycle, row.attempts + 1), SYSTEM, self.at)
        if new and owner is not None:
            self.callers.note(owner, to_micros(when))
        return new

    def when(self, row: Any, tried: Sequence[datetime]) -> datetime | None:
        """Return for when the attempt after those that were made is planned; None where the pack asks for no more."""
        wished = self.rules.pack(row.pack, self.at).callbacks
        if row.attempts >= wished.attempts:
            return None
        wish = Wish(self.wanted(row), self.ends(row), from_micros(self.at))
        return planned(self.rules.calendar(wished.calendar), wish, tried)

    def wanted(self, row: Any) -> datetime:
        """Return the earliest instant to call the customer: a day after the trigger, with which the timer began.

        See Note [Called again].
        """
        wished = self.rules.pack(row.pack, self.at).callbacks
        again = from_micros(self.at) + NEXT_AFTER
        first = again if row.attempts else from_micros(row.opened_at) + FIRST_AFTER
        if wished.recurrence_days is None or row.kind == COMPLAINT.kind or row.cycle > 1:
            return first
        spoken = self.spoken.get(row.party_id)
        return first if spoken is None else max(first, from_micros(spoken) + timedelta(days=wished.recurrence_days))

    def ends(self, row: Any) -> datetime | None:
        """Return when the window ends: when its timer falls due; None while the timer is paused."""
        if row.running_since is None:
            return None
        left = row.allowance - row.consumed
        return from_micros(falls_due(row.unit, self.rules.calendar(row.calendar), row.running_since, left))

    @cached_property
    def tried(self) -> Mapping[int, list[datetime]]:
        """Return the instants of unsuccessful calls in this cycle, by case."""
        by_case: dict[int, list[datetime]] = {}
        for row in self.tx.rows(TRIED.format(unplanned=self.sql), **self.values):
            by_case.setdefault(row.case_id, []).append(from_micros(row.at))
        return by_case

    @cached_property
    def spoken(self) -> Mapping[int, int]:
        """Return when each of these customers last answered a callback, in any case."""
        sql = SPOKEN.format(unplanned=self.sql, revisit=recorded_as("move", "revisit"))
        return {row.party_id: row.at for row in self.tx.rows(sql, **self.values)}


# Note [Called again]
# A pack's `recurrence_days` is how often the same customer is called at most. Whoever answered a callback less than
# that many days ago is called about the next order when the span is over, or, where the window ends before, in its last
# working hour: the window is a promise, the span is courtesy. A complaint knows no such courtesy, nor does another
# round of a case whose customer was not satisfied: there he waits for the call.


def due(store: Store, at: datetime, limit: int = 50) -> list[Planned]:
    """Return the due callbacks that are not handed to anybody."""
    with store.looking() as tx:
        sql = DUE.format(revisit=recorded_as("clause", *CALL_WINDOWS))
        return [Planned(*row) for row in tx.rows(sql, at=to_micros(at), limit=limit)]


def hand_over(store: Store, planned: Planned) -> None:
    """Record that a person makes the callback; it stays open until its outcome is recorded."""
    with store.writing() as tx:
        tx.run(HANDED, case_id=planned.case_id, cycle=planned.cycle, attempt=planned.attempt)
        _journal(tx, planned.case_id, planned.cycle, planned.attempt, planned.planned_at)
        parking.clear(tx, planned.case_id, parking.CALLBACK)


def finish(store: Store, case_id: int, cycle: int, attempt: int, outcome: str, at: datetime) -> None:
    """Record the outcome of an attempt."""
    with store.writing() as tx:
        tx.run(OVER, case_id=case_id, cycle=cycle, attempt=attempt, outcome=outcome, at=to_micros(at))
        _journal(tx, case_id, cycle, attempt, to_micros(at))
        parking.clear(tx, case_id, parking.CALLBACK)


def put_off(store: Store, planned: Planned, reason: str, at: datetime) -> None:
    """Record that the call could not be made; it is retried with growing waits."""
    with store.writing() as tx:
        parking.note_failure(tx, planned.case_id, parking.CALLBACK, reason, to_micros(at))


def call_off(store: Store, case_id: int, outcome: str, at: datetime) -> None:
    """Cancel the open callbacks of a case that no longer waits for one."""
    with store.writing() as tx:
        sql, now = STALE.format(revisit=recorded_as("clause", *CALL_WINDOWS)), to_micros(at)
        for row in tx.rows(sql, case_id=case_id, outcome=outcome, at=now):
            _journal(tx, case_id, row.cycle, row.attempt, now)


def _journal(tx: Tx, case_id: int, cycle: int, attempt: int, at: int) -> None:
    journal_row(tx, "callback", (case_id, cycle, attempt), SYSTEM, at)
