"""What keeps an indicator from its target, by cause: the most frequent first, and compared with the period before (E2).

Of a share that should be high the facts are those that it does not count; of any other the facts of its numerator.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator, Statistic
from engine.rules.indicator_queries import FILTERS, QUERIES, Measured
from engine.transaction import Tx
from reports.indicators.cells import Reader
from reports.indicators.figures import spans_of
from reports.indicators.periods import Period
from reports.indicators.statistics import rounded, wilson

CAUSE = "cause"
MOST = 80
"""The most frequent causes that make this share together, in percent, are the few that count most."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause with how many facts speak of it in the period, and in the one before; '' is none recorded.

    ``share`` and ``cumulative`` are in percent of all such facts of the period. ``few`` marks the causes that are
    needed to make ``MOST`` percent. ``risen`` says that its share lies above that of the period before by more than
    chance: the 95 % intervals of the two do not overlap.
    """

    value: str
    count: int
    before: int
    share: Decimal
    cumulative: Decimal
    few: bool
    risen: bool


def has_causes(indicator: Indicator) -> bool:
    """Return whether the facts that keep an indicator from its target are counted, and have causes."""
    if indicator.numerator is None:
        return False
    query = QUERIES[indicator.numerator.query]
    return query.measured is Measured.COUNT and CAUSE in FILTERS[query.facts]


def causes(tx: Tx, rules: Rules, indicator: Indicator, period: Period, as_of: int, *, high: bool) -> list[Cause]:
    """Return the causes of a period, the most frequent first; ``high`` says that the indicator should be high."""
    assert indicator.numerator is not None
    facts, filters = QUERIES[indicator.numerator.query].facts, indicator.filters_of(indicator.numerator)
    reader = Reader.at(tx, rules, as_of)
    counts = Counter[str](), Counter[str]()
    queries = {side.query for side in indicator.sides.values() if QUERIES[side.query].facts is facts}
    for cell in reader.cells(facts, spans_of(indicator, [period.before(1), period]), {*filters, CAUSE}, queries):
        if cell.meets(filters):
            count = cell.sums[indicator.numerator.query]
            if high and indicator.statistic is Statistic.SHARE and indicator.denominator is not None:
                count = cell.sums[indicator.denominator.query] - count
            counts[cell.period][cell.attributes[CAUSE]] += count
    return ranked(*counts)


def ranked(before: Counter[str], now: Counter[str]) -> list[Cause]:
    """Return the causes that occur, by their counts, of equal ones by their names; what has no cause stands last."""
    found: list[Cause] = []
    total, cumulative = sum(now.values()), 0
    for value in sorted((+now).keys(), key=lambda value: (not value, -now[value], value)):
        few = bool(value) and cumulative * 100 < MOST * total
        cumulative += now[value]
        share, all_up_to_it = (rounded(Fraction(100 * part, total)) for part in (now[value], cumulative))
        risen = _above((now[value], total), (before[value], sum(before.values())))
        found.append(Cause(value, now[value], before[value], share, all_up_to_it, few, risen))
    return found


def _above(now: Sequence[int], before: Sequence[int]) -> bool:
    """Return whether a share lies above another, each given as part and whole, so that their intervals are apart."""
    high, low = wilson(*now), wilson(*before)
    return high is not None and low is not None and high[0] > low[1]
