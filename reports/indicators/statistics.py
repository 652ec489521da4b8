"""The statistics that figures are judged by: exact rounding, Wilson's interval, chi-square, the XmR chart (E2).

They are a few lines each, so no library is loaded for them; tests compare them with scipy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from math import erfc, exp, gamma, sqrt

DIGITS = 4
"""The digits of a figure after the point."""
Z95 = 1.959963984540054
"""The quantile of the normal distribution for 95 percent, two-sided."""
XMR = Fraction(266, 100)
"""The limits of an XmR chart: this many mean moving ranges from the centre."""
RUN = 8
"""So many values in a row on one side of the centre are a shift."""
LEAST_EXPECTED = 5
"""Strata of which fewer are expected in the sample are counted together, as chi-square needs."""


def rounded(value: Fraction, digits: int = DIGITS) -> Decimal:
    """Return a figure to its last digit, or with so many after the point, half rounded away from zero."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def wilson(part: int, whole: int) -> tuple[Decimal, Decimal] | None:
    """Return Wilson's 95 % interval of a share, in percent; None without any facts."""
    if whole <= 0:
        return None
    share, square = part / whole, Z95 * Z95
    centre = (share + square / (2 * whole)) / (1 + square / whole)
    half = Z95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return rounded(Fraction(low) * 100), rounded(Fraction(high) * 100)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Return how likely chi-square is at least this large, by chance alone."""
    half = statistic / 2
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for number in range(1, degrees // 2):
            term *= half / number
            total += term
        return exp(-half) * total
    terms = (half ** (number - 0.5) / gamma(number + 0.5) for number in range(1, (degrees + 1) // 2))
    return erfc(sqrt(half)) + exp(-half) * sum(terms)


@dataclass(frozen=True, slots=True)
class Representativeness:
    """Whether a sample is made up as its population is: chi-square over the strata, and the odds of it by chance.

    ``strata`` are those that could be compared, the small ones counted together. Without two of them there is no test.
    """

    strata: int
    statistic: float | None
    p: float | None

    @property
    def verdict(self) -> str:
        """Return the code of what it says: ``untested``, ``unlike`` (p below 5 %) or ``alike``."""
        if self.p is None:
            return "untested"
        return "unlike" if self.p < 0.05 else "alike"


def representativeness(strata: Sequence[tuple[int, int]]) -> Representativeness:
    """Compare sample and population, given for each stratum as (in the sample, in the population)."""
    sample, population = sum(n for n, _ in strata), sum(n for _, n in strata)
    compared: list[tuple[int, float]] = []
    small, small_expected = 0, 0.0
    for observed, of in strata if population else ():
        expected = sample * of / population
        if expected >= LEAST_EXPECTED:
            compared.append((observed, expected))
        else:
            small, small_expected = small + observed, small_expected + expected
    if small_expected >= LEAST_EXPECTED:
        compared.append((small, small_expected))
    if len(compared) < 2:
        return Representativeness(len(compared), None, None)
    statistic = sum((observed - expected) ** 2 / expected for observed, expected in compared)
    return Representativeness(len(compared), statistic, chi_square_tail(statistic, len(compared) - 1))


@dataclass(frozen=True, slots=True)
class ControlChart:
    """An XmR chart: centre and natural limits, and the rules that each value breaks, by its place."""

    centre: Decimal
    lower: Decimal
    upper: Decimal
    signals: tuple[tuple[str, ...], ...]


def control_chart(values: Sequence[Fraction | None], most: Fraction | None = None) -> ControlChart | None:
    """Return the XmR chart of successive values, None where there are fewer than four; a gap breaks no rule.

    No limit lies below 0, nor above ``most``, which no value can exceed.

    Rules: ``beyond_limits``, a value outside of the limits; ``run_of_eight``, eight in a row on one side of the centre.
    """
    known = [value for value in values if value is not None]
    if len(known) < 4:
        return None
    centre = sum(known, Fraction(0)) / len(known)
    ranges = [abs(after - before) for before, after in pairwise(known)]
    reach = XMR * sum(ranges, Fraction(0)) / len(ranges)
    lower, upper = max(centre - reach, Fraction(0)), centre + reach
    upper = upper if most is None else min(upper, most)
    signals: list[tuple[str, ...]] = []
    side = run = 0
    for value in values:
        if value is None:
            signals.append(())
            continue
        here = (value > centre) - (value < centre)
        run = run + 1 if here == side and here else abs(here)
        side = here
        broken = {"beyond_limits": not lower <= value <= upper, "run_of_eight": run >= RUN}
        signals.append(tuple(rule for rule, breaks in broken.items() if breaks))
    return ControlChart(rounded(centre), rounded(lower), rounded(upper), tuple(signals))
