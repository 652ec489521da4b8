"""The share of promises that a forecast says will be kept, with the interval in which 90 of 100 outcomes lie (K3)."""

from collections.abc import Sequence
from math import sqrt
from statistics import mean, variance
from typing import Final, NamedTuple

from reports.wilson import wilson_interval

Z90: Final = 1.6448536269514722
"""How many standard deviations to each side hold 90 % of a normal distribution."""


class Forecast(NamedTuple):
    """The share of promises kept, from 0 to 1, its 90 % interval, and how many promises a run has on average."""

    share: float
    low: float
    high: float
    promises: float


def forecast(runs: Sequence[tuple[int, int]], drift: float, wanted: float | None = None) -> Forecast | None:
    """Return the forecast by simulated runs, each with the promises kept and all promises; None without any.

    ``wanted`` is the number of promises of which the share is forecast, if it is not that of a run, as where a run
    judges a sample. ``drift`` is the variance by which such forecasts missed in the past. The interval adds up three
    variances: of the runs, beyond what their size explains, of the drift, and of chance in so many promises.
    """
    shares = [kept / promises for kept, promises in runs if promises]
    if not shares:
        return None
    size = sum(promises for _, promises in runs) / len(runs)
    share = sum(kept for kept, _ in runs) / sum(promises for _, promises in runs)
    of_chance = mean(share * (1 - share) / promises for _, promises in runs if promises)
    between = max(variance(shares) - of_chance, 0.0) if len(shares) > 1 else 0.0
    between += drift
    low, high = wilson_interval(share, max(round(size if wanted is None else wanted), 1), Z90)
    return Forecast(
        share,
        max(share - sqrt(Z90**2 * between + (share - low) ** 2), 0.0),
        min(share + sqrt(Z90**2 * between + (high - share) ** 2), 1.0),
        size if wanted is None else wanted,
    )
