"""Measures how long a case took from move to move, in elapsed and in working time."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.calendars.calendar import Calendar
from engine.rules.in_force import Rules
from models.columns import MICROSECOND, from_micros

SECOND, HOUR = 1_000_000, 3_600_000_000
KEYS = (
    "since_last_seconds", "since_opening_seconds", "working_since_last_us", "working_since_opening_us",
    "working_since_last_hours", "working_since_opening_hours",
)  # fmt: skip


class ElapsedTimes(NamedTuple):
    """The time since the case's last move and since its opening, in microseconds: elapsed, then working time."""

    last: int
    opening: int
    worked_last: int
    worked_opening: int

    def attributes(self) -> dict[str, int | float]:
        """Return the times under the names of ``KEYS``."""
        seconds = (self.last / SECOND, self.opening / SECOND)
        worked = (self.worked_last, self.worked_opening)
        return dict(zip(KEYS, (*seconds, *worked, *(round(time / HOUR, 4) for time in worked)), strict=True))


class Stopwatch:
    """Measures the moves of one case, in order; all instants in microseconds."""

    def __init__(self, calendar: Calendar, opened_at: int) -> None:
        self._place = calendar
        self._opened = self._last = opened_at
        self._worked = 0

    def at(self, instant: int) -> ElapsedTimes:
        """Return the times of a move; 0 since the last one if it happened before the move recorded before it."""
        if instant >= self._last:
            step = self._between(self._last, instant)
            self._worked += step
        else:
            step, self._worked = 0, self._between(self._opened, instant)
        since_last = max(instant - self._last, 0)
        self._last = instant
        return ElapsedTimes(since_last, max(instant - self._opened, 0), step, self._worked)

    def _between(self, start: int, end: int) -> int:
        return self._place.worked(from_micros(start), from_micros(end)) // MICROSECOND


def calendar_of(rules: Rules, pack: str, opened_at: int, timers: Iterable[Any]) -> Calendar:
    """Return the calendar of a case's working time: that of its first timer with working hours.

    If all its timers run around the clock, it is the calendar of the pack's callbacks.
    """
    calendars = (rules.calendar(name) for name in dict.fromkeys(timer.calendar for timer in timers))
    working = next((calendar for calendar in calendars if calendar.hours), None)
    return working or rules.calendar(rules.pack(pack, opened_at).callbacks.calendar)
