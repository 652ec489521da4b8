"""An SLA timer of a case: what it has consumed, when it falls due, and whether its clause was met (law 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Protocol

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit
from engine.rules.policy import Pack
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.lifecycle import Clause


@dataclass(slots=True)
class RunningTimer:
    """A timer while the engine works on it; all times and amounts in microseconds.

    ``id`` is None until it is written. ``changed`` says that its row is to be written. ``occurrence`` is 0 where it is
    not known before the row is written; it is counted from the cycle ``counted_from`` on. ``part`` is the value of the
    column that partitions its clause.
    ``renamed`` says that its clause, and maybe its occurrence, changed with a new release of the lifecycle.
    """

    id: int | None
    case_id: int
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
    steps_before: int
    level: int
    closed_at: int | None
    outcome: str | None
    closed_by: int | None
    part: str | None
    place: Calendar
    counted_from: int = 0
    changed: bool = False
    renamed: bool = False

    def used(self, at: int) -> int:
        """Return how much of the allowance is consumed at that instant."""
        if self.running_since is None:
            return self.consumed
        return self.consumed + spent(self.unit, self.place, self.running_since, at)

    def due_at(self, percent: int) -> int | None:
        """Return the instant at which this share of the allowance is used up; None while the timer is paused.

        Never before the timer began or resumed to run under the terms that it has now: a limit that was shortened, and
        a level that rose, take effect from their instant.
        """
        if self.running_since is None:
            return None
        left = max(self.allowance * percent // 100 - self.consumed, 0)
        return falls_due(self.unit, self.place, self.running_since, left)

    def met_at(self, at: int) -> bool:
        """Return whether a move at that instant meets the clause.

        A limit of N hours includes the N-th (以内): exactly at the end is met. Working time that is used up at
        closing time stays the same all night, so while the timer runs the instants are compared, not the amounts.
        """
        if self.consumed > self.allowance:
            return False
        end = self.due_at(100)
        return end is None or at <= end

    def broken(self, clause: Clause, pack: Pack) -> bool:
        """Return whether the step of the breach has fired: a promise that was broken is never met."""
        if clause.then is not None or not self.steps_fired:
            return False
        return any(share >= 100 for share in percents(clause, pack)[: self.steps_fired])

    def used_or_late(self, at: int) -> int:
        """Return how much is consumed at that instant; of a late timer more than the allowance.

        Working time that is used up at closing time stays the same all night. Where only the amount is kept, a timer
        that is late by then is late by a microsecond.
        """
        return self.used(at) if self.met_at(at) else max(self.used(at), self.allowance + 1)

    def pause(self, at: int) -> None:
        """Stop counting."""
        used = self.used_or_late(at)
        self.consumed, self.running_since, self.fires_at, self.changed = used, None, None, True

    def rearm(self, clause: Clause, pack: Pack, not_before: int = 0) -> None:
        """Derive when the timer fires next."""
        left = percents(clause, pack)[self.steps_fired :]
        due_at = self.due_at(left[0]) if left else None
        self.fires_at = None if due_at is None else max(due_at, not_before)
        self.changed = True

    def close(self, at: int, outcome: str, by: int | None = None) -> None:
        """End the timer: met, breached, stopped, done, handed_over or handed_on; ``by`` is the ``seq`` of the move."""
        self.consumed, self.closed_by = self.used(at), by
        self.running_since, self.fires_at, self.closed_at, self.outcome, self.changed = None, None, at, outcome, True

    def go_on_from(self, earlier: "SpentTimer", clause: Clause, pack: Pack) -> None:
        """Continue an earlier timer of the same clause and part: what it used stays used, and no step fires twice."""
        if earlier.unit != self.unit:  # units are never converted into each other (law 5)
            return
        self.consumed, self.extended = earlier.consumed, earlier.extended
        self.allowance += earlier.extended
        self.steps_fired = self.steps_before = earlier.steps_fired
        self.level = earlier.level
        self.rearm(clause, pack)


class SpentTimer(Protocol):
    """A timer that ended because another department got the case, as far as its continuation goes on from it."""

    @property
    def unit(self) -> str: ...
    @property
    def consumed(self) -> int: ...
    @property
    def extended(self) -> int: ...
    @property
    def steps_fired(self) -> int: ...
    @property
    def level(self) -> int: ...


_UNWRITTEN = frozenset({"place", "counted_from", "changed", "renamed"})
COLUMNS = tuple(field.name for field in fields(RunningTimer) if field.name not in _UNWRITTEN)
"""The columns of a timer's row, in the order of ``RunningTimer``."""
_VALUES = attrgetter(*COLUMNS)


def row_of(timer: RunningTimer) -> dict[str, Any]:
    """Return the timer as a row, by column."""
    return dict(zip(COLUMNS, _VALUES(timer), strict=True))


def open_only(timers: Sequence[RunningTimer]) -> list[RunningTimer]:
    """Return the timers that have not ended, in their order."""
    return [timer for timer in timers if timer.closed_at is None]


def spent(unit: str, place: Calendar, since: int, at: int) -> int:
    """Return the time a timer consumes between two instants: working time for business hours, else all of it."""
    if unit == Unit.BUSINESS_HOURS:
        return place.worked(from_micros(since), from_micros(at)) // MICROSECOND
    return max(at - since, 0)


def falls_due(unit: str, place: Calendar, since: int, left: int) -> int:
    """Return the instant at which what is left is consumed by a timer that runs from ``since`` on."""
    if unit == Unit.BUSINESS_HOURS and left > 0:
        return to_micros(place.after(from_micros(since), left * MICROSECOND))
    return since + left


def percents(clause: Clause, pack: Pack) -> tuple[int, ...]:
    """Return the shares of the allowance at which the clause's timer does something."""
    return pack.percents if clause.then is None else (100,)


def breaks_next(clause: Clause, pack: Pack, steps_fired: int) -> bool:
    """Return whether the next step of a timer is the one that breaks its promise."""
    shares = percents(clause, pack)
    if clause.then is not None or any(share >= 100 for share in shares[:steps_fired]):
        return False
    return any(share >= 100 for share in shares[steps_fired : steps_fired + 1])
