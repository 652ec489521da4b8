"""Draw the cases of days to come from days of the past of the same sort, whole, with their hours (K3).

Days are drawn from the latest ones, thirteen weeks or half of a shorter past: a house as it is, not as it once was. How
far the past moved away from such a forecast is in ``drift``. A peak (11.11, a strike) comes back on its own date alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from statistics import median
from typing import Final

from reports.staffing.lives import Life

PEAK, LEAST_PEAK = 3, 10
"""A day is a peak from so many times the median of its sort on, and so many cases: 11.11, a strike."""
RECENT: Final = 91
"""From so many days a house is known as it is."""
DAY: Final = timedelta(days=1)


def recent_days(whole: int) -> int:
    """Return how many of so many days are recent: thirteen weeks, or half of a shorter past."""
    return max(min(RECENT, whole // 2), 1)


@dataclass(frozen=True, slots=True)
class Source:
    """A life that comes in on a date, drawn from another one."""

    life: Life
    days: int
    """How many days later than in the past."""
    chance: float
    """A number from 0 to 1, which decides whether it comes in where there is less demand, or twice where more."""

    def copies(self, demand: float) -> int:
        """Return how often it comes in at so many times the demand; never less often at more of it."""
        whole = int(demand)
        return whole + (self.chance < demand - whole)


@dataclass(frozen=True)
class Days:
    """The days of the past and the lives that began on each; ``sort`` names the sort of a date."""

    lives: Mapping[date, Sequence[Life]]
    first: date
    last: date
    sort: Callable[[date], int]

    def __post_init__(self) -> None:
        counts: dict[int, list[int]] = {}
        for day in self._all():
            counts.setdefault(self.sort(day), []).append(len(self.lives.get(day, ())))
        usual = {sort: median(found) for sort, found in counts.items()}
        peaks = {
            (day.month, day.day): day
            for day in self._all()
            if len(self.lives.get(day, ())) >= max(PEAK * usual[self.sort(day)], LEAST_PEAK)
        }
        object.__setattr__(self, "_peaks", peaks)

    @property
    def peaks(self) -> Mapping[tuple[int, int], date]:
        """Return the days with many more cases than their sort has, by month and day."""
        return self._peaks  # pyright: ignore[reportAttributeAccessIssue] - set once, in __post_init__

    def drawn(self, first: date, count: int, random: Random) -> Iterator[Source]:
        """Yield the lives of so many days from a date on, each of a day drawn among the latest of its sort."""
        length = recent_days((self.last - self.first).days + 1)
        begin = self.last - (length - 1) * DAY
        peaks = set(self.peaks.values())
        by_sort: dict[int, list[date]] = {}
        for day in (begin + n * DAY for n in range(length)):
            if day not in peaks:
                by_sort.setdefault(self.sort(day), []).append(day)
        others = [day for days in by_sort.values() for day in days] or [begin]
        for day in (first + n * DAY for n in range(count)):
            chosen = random.choice(by_sort.get(self.sort(day), others))
            chosen = self.peaks.get((day.month, day.day), chosen)
            for life in self.lives.get(chosen, ()):
                yield Source(life, (day - chosen).days, random.random())

    def _all(self) -> Iterator[date]:
        return (self.first + n * DAY for n in range((self.last - self.first).days + 1))
