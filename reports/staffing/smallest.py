"""Find the smallest number of people that keeps a target, by bisection over simulated rosters (K3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from reports.staffing.intervals import Forecast
from reports.staffing.judging import Promise

MOST_MORE: Final = 8
"""So many more people than now are tried at most."""
MOST_TRIALS: Final = 8
"""How many rosters are usually tried, for what a progress bar shows."""


class Smallest(NamedTuple):
    """The smallest change of the number of people in every hour with which a promise is kept as often as wanted.

    ``more`` is None where so many more people do not keep it either: then people are not what it is short of.
    ``people`` are those at the busiest hour, None where several departments change. ``forecast`` is what that roster
    keeps, or the largest one that was tried.
    """

    promise: Promise
    more: int | None
    people: int | None
    forecast: Forecast | None


def smallest_rosters(
    forecasts: Callable[[int], Mapping[Promise, Forecast]], promises: Sequence[Promise], target: float, people: int
) -> list[Smallest]:
    """Return the smallest roster for each promise; ``people`` is how many there are now at the busiest hour.

    A roster keeps the target if the forecast share does: whether it is certain its interval says.
    """
    tried: dict[int, Mapping[Promise, Forecast]] = {}

    def keeps(more: int, promise: Promise) -> bool:
        if more not in tried:
            tried[more] = forecasts(more)
        found = tried[more].get(promise)
        return found is not None and found.share >= target

    answers: list[Smallest] = []
    for promise in promises:
        fewest, most = 1 - people, MOST_MORE
        if not keeps(most, promise):
            answers.append(Smallest(promise, None, None, tried[most].get(promise)))
            continue
        while fewest < most:
            middle = (fewest + most) // 2
            fewest, most = (fewest, middle) if keeps(middle, promise) else (middle + 1, most)
        keeps(most, promise)
        answers.append(Smallest(promise, most, people + most, tried[most].get(promise)))
    return answers
