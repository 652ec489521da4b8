"""A clock of a case: what it has consumed, when it falls due, and whether it was kept (law 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit
from engine.rules.in_force import Rules
from engine.rules.policy import Pack
from engine.transaction import Tx
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.form_model import StepFired
from statemachines.lifecycle import Clause

SAVE = """
UPDATE timer SET policy = :policy, calendar = :calendar, amount = :amount, unit = :unit, allowance = :allowance,
       consumed = :consumed, extended = :extended, running_since = :running_since, fires_at = :fires_at,
       steps_fired = :steps_fired, level = :level WHERE timer.id = :id
"""
CLOSE = """
UPDATE timer SET consumed = :consumed, running_since = NULL, fires_at = NULL, closed_at = :closed_at, outcome = :outcome
 WHERE timer.id = :id
"""
AHEAD = "clocks"


@dataclass(slots=True)
class RunningTimer:
    """An open clock while the engine works on it; all times and amounts in microseconds."""

    id: int
    clause: str
    cycle: int
    occurrence: int
    policy: str
    calendar: str
    amount: int
    unit: str
    allowance: int
    consumed: int
    extended: int
    opened_at: int
    running_since: int | None
    fires_at: int | None
    steps_fired: int
    level: int
    place: Calendar

    def used(self, at: int) -> int:
        """How much of the budget is consumed at that instant."""
        if self.running_since is None:
            return self.consumed
        return self.consumed + spent(self.unit, self.place, self.running_since, at)

    def falls(self, percent: int) -> int | None:
        """The instant at which this share of the budget is used up; None while the clock rests."""
        if self.running_since is None:
            return None
        left = self.allowance * percent // 100 - self.consumed
        return falls_due(self.unit, self.place, self.running_since, left)

    def kept_at(self, at: int) -> bool:
        """Whether the promise is kept by an answer at that instant.

        A limit of N hours includes the N-th (以内): exactly at the end is kept. Working time that is used up at
        closing time stays the same all night, so while the clock runs the instants are compared, not the amounts.
        """
        end = self.falls(100)
        return at <= end if end is not None else self.consumed <= self.allowance

    def rest(self, at: int) -> None:
        """Stop counting. One who rests after closing time is late by a microsecond: at rest only the amount tells."""
        used = self.used(at) if self.kept_at(at) else max(self.used(at), self.allowance + 1)
        self.consumed, self.running_since, self.fires_at = used, None, None

    def rearm(self, clause: Clause, pack: Pack, not_before: int = 0) -> None:
        """Derive when the clock fires next."""
        left = percents(clause, pack)[self.steps_fired :]
        falls = self.falls(left[0]) if left else None
        self.fires_at = None if falls is None else max(falls, not_before)


COLUMNS = tuple(field.name for field in fields(RunningTimer) if field.name != "place")
"""What is read of an open clock, in the order of ``RunningTimer``."""
LOAD = f"SELECT {', '.join(COLUMNS)} FROM timer WHERE case_id = :case_id AND closed_at IS NULL ORDER BY id"
LOAD_ALL = f"""
SELECT case_id, {", ".join(COLUMNS)} FROM timer WHERE case_id = ANY(:case_ids) AND closed_at IS NULL ORDER BY id
"""


def spent(unit: str, place: Calendar, since: int, at: int) -> int:
    """The time a clock consumes between two instants: working time for business hours, else all of it."""
    if unit == Unit.BUSINESS_HOURS:
        return place.worked(from_micros(since), from_micros(at)) // MICROSECOND
    return max(at - since, 0)


def falls_due(unit: str, place: Calendar, since: int, left: int) -> int:
    """The instant at which what is left is consumed by a clock that runs from ``since`` on."""
    if unit == Unit.BUSINESS_HOURS and left > 0:
        return to_micros(place.after(from_micros(since), left * MICROSECOND))
    return since + left


def open_timers(tx: Tx, rules: Rules, case_id: int) -> list[RunningTimer]:
    """The clocks of a case that are not closed, running or at rest."""
    found: list[RunningTimer] | None = tx.ahead.pop((AHEAD, case_id), None)
    if found is not None:
        return found
    return [RunningTimer(*row, place=rules.calendar(row.calendar)) for row in tx.rows(LOAD, case_id=case_id)]


def read_ahead(tx: Tx, rules: Rules, case_ids: Sequence[int]) -> None:
    """Read the open clocks of many cases at once."""
    found: dict[int, list[RunningTimer]] = {case_id: [] for case_id in case_ids}
    for case_id, *row in tx.rows_among(LOAD_ALL, case_ids=list(case_ids)):
        found[case_id].append(RunningTimer(*row, place=rules.calendar(row[5])))
    tx.ahead |= {(AHEAD, case_id): clocks for case_id, clocks in found.items()}


def percents(clause: Clause, pack: Pack) -> list[int]:
    """The shares of the budget at which the clause's clock does something."""
    return [100] if clause.then is not None else [step.percent for step in pack.ladder]


def save(tx: Tx, clock: RunningTimer) -> None:
    """Write a clock that goes on."""
    tx.put(
        SAVE,
        id=clock.id,
        policy=clock.policy,
        calendar=clock.calendar,
        amount=clock.amount,
        unit=clock.unit,
        allowance=clock.allowance,
        consumed=clock.consumed,
        extended=clock.extended,
        running_since=clock.running_since,
        fires_at=clock.fires_at,
        steps_fired=clock.steps_fired,
        level=clock.level,
    )


def close(tx: Tx, clock: RunningTimer, at: int, outcome: str) -> None:
    """Write a clock that has come to its end: kept, late, stopped, done, handed_over or handed_on."""
    tx.put(CLOSE, id=clock.id, consumed=clock.used(at), closed_at=at, outcome=outcome)


def due_micros(told: StepFired) -> int:
    """The rung's due instant in microseconds."""
    return to_micros(told.due_at)
