"""How long a case took from move to move, by the clock and by the working hours of its promises."""

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


class Spans(NamedTuple):
    """The time since the case's last move and since its opening, in microseconds: elapsed, then worked."""

    last: int
    opening: int
    worked_last: int
    worked_opening: int

    def told(self) -> dict[str, int | float]:
        """The same under the names of ``KEYS``."""
        seconds = (self.last / SECOND, self.opening / SECOND)
        worked = (self.worked_last, self.worked_opening)
        return dict(zip(KEYS, (*seconds, *worked, *(round(one / HOUR, 4) for one in worked)), strict=True))


class Stopwatch:
    """Measures one case's moves, in order; all instants in microseconds."""

    def __init__(self, place: Calendar, opened_at: int) -> None:
        self._place = place
        self._opened = self._last = opened_at
        self._worked = 0

    def at(self, instant: int) -> Spans:
        """The time up to a move. One that happened before the move that was recorded before it took no time."""
        if instant >= self._last:
            step = self._between(self._last, instant)
            self._worked += step
        else:
            step, self._worked = 0, self._between(self._opened, instant)
        since_last = max(instant - self._last, 0)
        self._last = instant
        return Spans(since_last, max(instant - self._opened, 0), step, self._worked)

    def _between(self, start: int, end: int) -> int:
        return self._place.worked(from_micros(start), from_micros(end)) // MICROSECOND


def calendar_of(rules: Rules, pack: str, opened_at: int, clocks: Iterable[Any]) -> Calendar:
    """By which calendar a case's working time is counted: that of its first promise that keeps working hours.

    Where all of them count around the clock, the hours in which its customers are called.
    """
    places = (rules.calendar(name) for name in dict.fromkeys(clock.calendar for clock in clocks))
    kept = next((place for place in places if place.hours), None)
    return kept or rules.calendar(rules.pack(pack, opened_at).callbacks.calendar)
