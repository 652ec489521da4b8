"""How far the past moved away from what a forecast by its latest weeks would have said (K3).

The forecast error is measured, not assumed: at several instants of the past the share that was kept of late is compared
with the share that was kept afterwards (Williams and Goodman 1971). A house that changes has wide intervals.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Final, NamedTuple

from reports.staffing.arrivals import recent_days
from reports.staffing.judging import Promise, Verdict
from reports.staffing.staffed_hours import HOUR

ORIGINS: Final = 7
"""The past is divided in so many parts; at the end of each but the last a forecast is compared."""
LEAST: Final = 20
"""Of fewer promises before or after an instant nothing can be compared."""
DAY: Final = 24 * HOUR


class JudgedCase(NamedTuple):
    """When a case was opened, in microseconds, and how its promises ended."""

    opened_at: int
    verdicts: Sequence[Verdict]


def drift(judged: Sequence[JudgedCase], begin: int, end: int, days: int) -> dict[Promise, float]:
    """Return for each promise the variance by which forecasts of so many days missed between two instants.

    What chance explains is left out. A promise that could be compared at fewer than two instants is missing.
    """
    whole = end - begin
    recent = recent_days(whole // DAY) * DAY
    missed: dict[Promise, list[float]] = {}
    for number in range(1, ORIGINS):
        origin = begin + whole * number // ORIGINS
        before = _counts(each for each in judged if origin - recent <= each.opened_at < origin)
        after = _counts(each for each in judged if origin <= each.opened_at < origin + days * DAY)
        for promise in before.keys() & after.keys():
            if (error := _missed(before[promise], after[promise])) is not None:
                missed.setdefault(promise, []).append(error)
    return {promise: max(mean(errors), 0.0) for promise, errors in missed.items() if len(errors) > 1}


def _counts(judged: Iterable[JudgedCase]) -> Mapping[Promise, list[int]]:
    counts: dict[Promise, list[int]] = {}
    for each in judged:
        for promise, kept in each.verdicts:
            found = counts.setdefault(promise, [0, 0])
            found[0] += kept
            found[1] += 1
    return counts


def _missed(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Return the squared difference of two shares beyond what chance explains; None where they are of too few."""
    if before[1] < LEAST or after[1] < LEAST:
        return None
    was, became = before[0] / before[1], after[0] / after[1]
    of_chance = was * (1 - was) / before[1] + became * (1 - became) / after[1]
    return (became - was) ** 2 - of_chance
