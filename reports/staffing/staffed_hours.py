"""When how many people of a desk are there, hour by hour, and the arithmetic of the time in which anybody is (K3)."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Final

from engine.calendars.calendar import Calendar
from models.columns import from_micros

HOUR: Final = 3_600_000_000
HOLIDAY: Final = 7
"""The sort of a public holiday; 0 is a Monday, 6 a Sunday."""
MADE_UP: Final = 4
"""A weekend that is worked to make up for a holiday counts as a Friday."""
Profile = Mapping[tuple[int, int], int]
"""How many people are there, by the sort of day and the local hour."""


def day_sorts(calendar: Calendar) -> Callable[[date], int]:
    """Return what names the sort of a date: its weekday, or ``HOLIDAY``."""
    known = calendar.holidays

    @lru_cache(maxsize=20_000)
    def sort(day: date) -> int:
        if known is not None and day in known.off and day.weekday() < 5:
            return HOLIDAY
        return MADE_UP if known is not None and day in known.worked and day.weekday() > 4 else day.weekday()

    return sort


class StaffedHours:
    """How many people of a desk are there in each hour from ``begin`` on, an instant in microseconds.

    Time is measured in microseconds of the hours in which anybody is there.
    """

    def __init__(self, begin: int, people: Sequence[int]) -> None:
        self.begin = begin
        self.people = people
        self._before = [0, *accumulate(HOUR if count > 0 else 0 for count in people)]

    @property
    def staffed(self) -> int:
        """Return the whole time in which anybody is there."""
        return self._before[-1]

    def is_staffed(self, at: int) -> bool:
        """Return whether anybody is there."""
        hour = (at - self.begin) // HOUR
        return 0 <= hour < len(self.people) and self.people[hour] > 0

    def worked(self, start: int, end: int) -> int:
        """Return the staffed time between two instants; 0 if the end is not after the start."""
        return max(self._until(end) - self._until(start), 0)

    def after(self, start: int, amount: int) -> int | None:
        """Return when so much staffed time has passed; at the end of an hour that end. None beyond the last hour."""
        if amount <= 0:
            return start
        wanted = self._until(start) + amount
        if wanted > self.staffed:
            return None
        hour = bisect_left(self._before, wanted)
        return self.begin + hour * HOUR - (self._before[hour] - wanted)

    def changes(self) -> list[tuple[int, int]]:
        """Return the instants at which the number of people changes, each with the new one; the first hour first."""
        found, last = list[tuple[int, int]](), None
        for hour, count in enumerate(self.people):
            if count != last:
                found.append((self.begin + hour * HOUR, count))
                last = count
        return [*found, (self.begin + len(self.people) * HOUR, 0)]

    def _until(self, at: int) -> int:
        hour = min(max((at - self.begin) // HOUR, 0), len(self.people))
        inside = at - self.begin - hour * HOUR
        staffed = hour < len(self.people) and self.people[hour] > 0
        return self._before[hour] + (max(inside, 0) if staffed else 0)


def on_hours(profile: Profile, calendar: Calendar, begin: int, end: int, shift: int = 0) -> StaffedHours:
    """Return a profile laid over the whole hours from one instant to another; people come ``shift`` hours later."""
    sort, first = day_sorts(calendar), begin // HOUR * HOUR
    counts: list[int] = []
    for hour in range((end - first) // HOUR + 1):
        local = local_hour(calendar, first + (hour - shift) * HOUR)
        counts.append(profile.get((sort(local.date()), local.hour), 0))
    return StaffedHours(first, counts)


def local_hour(calendar: Calendar, at: int) -> datetime:
    """Return an instant in microseconds in local time."""
    return calendar.local(from_micros(at))
