"""The figures of indicators as of an instant: value, numerator, denominator, interval and target, by period and group.

The record is read once for each relation of facts, however many indicators are asked for. A figure without a population
is none, with the reason; nothing is divided by nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Filters, Indicator, Side, Statistic, Target, Unit
from engine.rules.indicator_queries import FILTERS, QUERIES, Facts, Measured
from engine.transaction import Tx
from reports.indicators.cells import Cell, Reader, Span
from reports.indicators.periods import Period
from reports.indicators.ranks import Rank
from reports.indicators.statistics import rounded, wilson
from reports.run_figures import HOUR
from statemachines.refused import Refused

Group = tuple[tuple[str, str], ...]
"""The attributes that a figure is of, with their values; () for the whole."""
SCALE = {Unit.POINTS: Fraction(1, 100), Unit.PERCENT: Fraction(100), Unit.HOURS: Fraction(1, HOUR)}
"""What the sums of the queries are multiplied by for a value in this unit."""
COMPARED: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda value, target: value < target, "<=": lambda value, target: value <= target,
    ">=": lambda value, target: value >= target, ">": lambda value, target: value > target,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of one period and group.

    ``exact`` is the value before it is rounded. ``numerator`` is the sum of the numerator's query, points in hundredths
    and durations in microseconds left out; ``sample`` is how many facts the figure rests on. ``why`` is the code of the
    reason where there is no value. ``low`` and ``high`` bound a share at 95 %.
    """

    period: Period
    group: Group
    exact: Fraction | None
    numerator: int | None
    denominator: int | None
    sample: int
    why: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    target: Target | None = None
    small: bool = False

    @property
    def value(self) -> Decimal | None:
        """Return the value to its last digit; None where there is none."""
        return None if self.exact is None else rounded(self.exact)

    @property
    def on_target(self) -> bool | None:
        """Return whether the value reaches the target; None without a value or a target."""
        if self.exact is None or self.target is None:
            return None
        return COMPARED[self.target.operator](self.exact, Fraction(self.target.amount))


def spans_of(indicator: Indicator, periods: Sequence[Period]) -> list[Span]:
    """Return when the periods begin and are over in the zone of the indicator, in microseconds."""
    zone = ZoneInfo(indicator.zone)
    return [(period.begins(zone), period.ends(zone)) for period in periods]


def figures(
    tx: Tx, rules: Rules, indicators: Sequence[Indicator], periods: Sequence[Period], as_of: int, by: Sequence[str] = ()
) -> dict[str, list[Figure]]:
    """Return the figures of each indicator, by its name: of each period in order, the groups by their values.

    Raises ``Refused('unknown_group')`` for attributes by which the facts of an indicator cannot be grouped.
    """
    known = rules.indicators(as_of)
    wanted = {part.name: part for indicator in indicators for part in with_parts(indicator, known)}
    for indicator in wanted.values():
        refuse_unknown_groups(indicator, by)
    figures: dict[str, list[Figure]] = {}
    for zone in sorted({indicator.zone for indicator in wanted.values()}):
        here = [each for each in wanted.values() if each.zone == zone]
        reading = _Reading(Reader.at(tx, rules, as_of), periods, spans_of(here[0], periods), by, here)
        for indicator in here:
            if indicator.statistic is not Statistic.COMPOSITE:
                figures[indicator.name] = reading.figures(indicator)
    for indicator in wanted.values():
        if indicator.statistic is Statistic.COMPOSITE:
            figures[indicator.name] = _composed(indicator, known, figures, periods)
    return {indicator.name: figures[indicator.name] for indicator in indicators}


def with_parts(indicator: Indicator, known: Mapping[str, Indicator]) -> Iterable[Indicator]:
    """Yield an indicator and all that it is made of."""
    yield indicator
    for part in indicator.parts:
        yield from with_parts(known[part.indicator], known)


def groups_of(indicator: Indicator) -> list[str]:
    """Return the attributes by which the facts of an indicator can be grouped; none of a composite one."""
    sides = [FILTERS[QUERIES[side.query].facts] for side in indicator.sides.values()]
    return sorted(frozenset.intersection(*sides)) if sides else []


def refuse_unknown_groups(indicator: Indicator, by: Iterable[str]) -> None:
    """Raise ``Refused('unknown_group')``, with those that there are, for what the facts cannot be grouped by."""
    possible = groups_of(indicator)
    for name in by:
        if indicator.sides and name not in possible:
            raise Refused("unknown_group", name=name[:40], indicator=indicator.name, known=possible)


class _Reading:
    """The cells of the facts that several indicators of one zone rest on, each relation read once."""

    def __init__(
        self, reader: Reader, periods: Sequence[Period], spans: Sequence[Span], by: Sequence[str],
        indicators: Collection[Indicator],
    ) -> None:  # fmt: skip
        self.reader, self.periods, self.spans, self.by = reader, periods, spans, tuple(by)
        wanted: dict[Facts, set[str]] = {}
        self._queries: dict[Facts, set[str]] = {}
        for indicator in indicators:
            for side in indicator.sides.values():
                names = {*indicator.filters_of(side), *by, *(("pack",) if indicator.pack_target else ())}
                wanted.setdefault(QUERIES[side.query].facts, set()).update(names)
                self._queries.setdefault(QUERIES[side.query].facts, set()).add(side.query)
        self._wanted = wanted
        self._cells: dict[Facts, list[Cell]] = {}
        self._ranked: dict[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], list[Rank]] = {}

    def figures(self, indicator: Indicator) -> list[Figure]:
        """Return the figures of an indicator that is no composite one."""
        if indicator.statistic in {Statistic.MEDIAN, Statistic.P90}:
            return self._durations(indicator)
        assert indicator.numerator is not None
        above = self._sums(indicator, indicator.numerator)
        below = self._sums(indicator, indicator.denominator) if indicator.denominator is not None else None
        packs = self._packs(indicator)
        found: list[Figure] = []
        for number, period in enumerate(self.periods):
            groups = {group for at, group in {**above, **(below or {})} if at == number} or (
                {()} if not self.by else set()
            )
            for group in sorted(groups):
                sums = (
                    above.get((number, group), (0, 0)),
                    (below.get((number, group), (0, 0)) if below is not None else None),
                )
                found.append(self._figure(indicator, number, period, group, *sums, packs.get((number, group), set())))
        return found

    def _figure(
        self, indicator: Indicator, number: int, period: Period, group: Group, above: tuple[int, int],
        below: tuple[int, int] | None, packs: set[str],
    ) -> Figure:  # fmt: skip
        target = self._target(indicator, number, group, packs)
        denominator = None if below is None else below[1]
        sample = above[0] if denominator is None else denominator
        if not sample and denominator is not None:  # a sum of nothing is 0
            return Figure(period, group, None, above[1], denominator, 0, "empty_population", target=target)
        scale = SCALE.get(indicator.unit, Fraction(1))
        exact = scale * Fraction(above[1], 1 if denominator is None else denominator)
        low, high = (wilson(above[1], sample) if indicator.statistic is Statistic.SHARE else None) or (None, None)
        small = 0 < sample < indicator.smallest_sample
        return Figure(period, group, exact, above[1], denominator, sample, "", low, high, target, small)

    def _sums(self, indicator: Indicator, side: Side) -> dict[tuple[int, Group], tuple[int, int]]:
        """Return the number of facts and the sum of the query, by period and group."""
        filters, facts = indicator.filters_of(side), QUERIES[side.query].facts
        sums: dict[tuple[int, Group], tuple[int, int]] = {}
        for cell in self._of(facts):
            if cell.meets(filters):
                key = cell.period, tuple((name, cell.attributes[name]) for name in self.by)
                facts_before, before = sums.get(key, (0, 0))
                sums[key] = facts_before + cell.facts, before + cell.sums[side.query]
        return sums

    def _packs(self, indicator: Indicator) -> dict[tuple[int, Group], set[str]]:
        """Return the packs of the numerator's facts, by period and group, where the target is that of a pack."""
        packs: dict[tuple[int, Group], set[str]] = {}
        if indicator.pack_target is None or indicator.numerator is None:
            return packs
        for side in indicator.sides.values():
            for cell in self._of(QUERIES[side.query].facts):
                if cell.meets(indicator.filters_of(side)) and cell.attributes["pack"]:
                    key = cell.period, tuple((name, cell.attributes[name]) for name in self.by)
                    packs.setdefault(key, set()).add(cell.attributes["pack"])
        return packs

    def _target(self, indicator: Indicator, number: int, group: Group, packs: set[str]) -> Target | None:
        """Return the target in force at the end of the period: its own, or that of the only pack of the cases."""
        if indicator.pack_target is None or len(packs) != 1:
            return indicator.target
        at = min(self.spans[number][1] - 1, self.reader.as_of)
        [pack] = packs
        stated = self.reader.rules.pack(pack, at).indicators.get(indicator.pack_target)
        return None if stated is None else Target(operator=stated.operator, amount=stated.target, source=stated.source)

    def _of(self, facts: Facts) -> list[Cell]:
        if facts not in self._cells:
            queries = {name for name in self._queries[facts] if QUERIES[name].measured is not Measured.DURATION}
            self._cells[facts] = self.reader.cells(facts, self.spans, self._wanted[facts], queries)
        return self._cells[facts]

    def _ranks(self, query: str, filters: Filters) -> list[Rank]:
        key = query, tuple(sorted(filters.items()))
        if key not in self._ranked:
            self._ranked[key] = self.reader.ranks(query, self.spans, self.by, filters)
        return self._ranked[key]

    def _durations(self, indicator: Indicator) -> list[Figure]:
        """Return medians or ninth tenths; the median is the mean of the two values in the middle."""
        assert indicator.numerator is not None
        median = indicator.statistic is Statistic.MEDIAN
        values: dict[tuple[int, Group], tuple[int, list[int]]] = {}
        for rank in self._ranks(indicator.numerator.query, indicator.filters_of(indicator.numerator)):
            if not (rank.in_the_middle if median else rank.at_nine_tenths):
                continue
            key = rank.period, tuple((name, rank.attributes[name]) for name in self.by)
            values.setdefault(key, (rank.n, []))[1].append(rank.value)
        found: list[Figure] = []
        for number, period in enumerate(self.periods):
            groups = sorted(group for at, group in values if at == number) or ([()] if not self.by else [])
            for group in groups:
                n, ranked = values.get((number, group), (0, []))
                exact = SCALE[Unit.HOURS] * Fraction(sum(ranked), len(ranked)) if ranked else None
                why, small = "" if ranked else "empty_population", 0 < n < indicator.smallest_sample
                found.append(Figure(period, group, exact, None, n, n, why, target=indicator.target, small=small))
        return found


def _composed(
    indicator: Indicator, known: Mapping[str, Indicator], figures: dict[str, list[Figure]], periods: Sequence[Period]
) -> list[Figure]:
    """Return the weighted means of the parts, by period and group."""
    for part in indicator.parts:
        if part.indicator not in figures:
            figures[part.indicator] = _composed(known[part.indicator], known, figures, periods)
    composed: list[Figure] = []
    for period in periods:
        here = [(figure, part.weight) for part in indicator.parts for figure in figures[part.indicator]]
        here = [(figure, weight) for figure, weight in here if figure.period == period]
        for group in sorted({figure.group for figure, _ in here}):
            parts = [(figure, weight) for figure, weight in here if figure.group == group]
            composed.append(_weighted(indicator, period, group, parts))
    return composed


def _weighted(indicator: Indicator, period: Period, group: Group, parts: Sequence[tuple[Figure, int]]) -> Figure:
    """Return the weighted mean of the parts of a group; where one of them has no value, there is none."""
    values = [figure.exact * weight for figure, weight in parts if figure.exact is not None]
    sample = min(figure.sample for figure, _ in parts)
    if len(values) < len(indicator.parts):
        return Figure(period, group, None, None, None, sample, "part_without_value", target=indicator.target)
    small = any(figure.small for figure, _ in parts)
    exact = sum(values, Fraction(0)) / 100
    return Figure(period, group, exact, None, None, sample, target=indicator.target, small=small)
