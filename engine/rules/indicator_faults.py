"""Find what is wrong with the definition of an indicator, by itself and among the others (E2).

A fault names the field and the reason, with the remedy: an unknown query or filter, a population that is empty by
construction, weights that are not 100 in all, a circle of composites.
"""

from collections.abc import Iterator, Mapping

from engine.rules.indicator_definition import Indicator, Side, Statistic, Unit
from engine.rules.indicator_queries import (
    EVERY_FILTER,
    FILTERS,
    QUERIES,
    STAGES,
    Facts,
    Measured,
    kinds_with,
    promised_clauses,
)
from engine.rules.languages import language_faults
from models.completed_order import Lateness
from models.contact import Channel, CustomerType
from models.zones import is_zone
from statemachines.forms import Severity
from statemachines.kinds import lifecycles
from statemachines.rule_faults import Fault, rule_fault

PAIRED = frozenset({Statistic.SHARE, Statistic.RATE, Statistic.MEAN})
"""The statistics that have a denominator."""
DURATIONS = frozenset({Statistic.MEDIAN, Statistic.P90})
UNIT_OF = {
    Statistic.SHARE: {Unit.PERCENT}, Statistic.RATE: {Unit.PERCENT}, Statistic.MEDIAN: {Unit.HOURS},
    Statistic.P90: {Unit.HOURS}, Statistic.COMPOSITE: {Unit.PERCENT, Unit.POINTS},
    Statistic.SUM: {Unit.FEN, Unit.TIMES}, Statistic.MEAN: {Unit.POINTS, Unit.FEN, Unit.TIMES},
}  # fmt: skip
MEASURED_IN = {Unit.POINTS: Measured.POINTS, Unit.FEN: Measured.FEN, Unit.HOURS: Measured.DURATION}
"""What the numerator measures where the value has this unit; else it counts."""


def definition_faults(indicator: Indicator) -> Iterator[Fault]:
    """Yield the faults of one definition that concern more than the form of a single field, each once.

    A filter of the whole indicator is checked for numerator and denominator: what is wrong for both is one fault.
    """
    found: list[Fault] = []
    for fault in _definition_faults(indicator):
        if fault not in found:
            found.append(fault)
            yield fault


def _definition_faults(indicator: Indicator) -> Iterator[Fault]:
    if not is_zone(indicator.zone):
        yield rule_fault("zone", "file.unknown_zone", "there is no zone {zone}", zone=indicator.zone)
    for field in ("label", "meaning"):
        yield from language_faults(field, getattr(indicator, field))
    if indicator.unit not in UNIT_OF[indicator.statistic]:
        why = "a {statistic} is given in: {units}"
        units = sorted(UNIT_OF[indicator.statistic])
        yield rule_fault("unit", "indicator.other_unit", why, statistic=indicator.statistic, units=units)
    if indicator.target is not None and indicator.pack_target is not None:
        yield rule_fault("pack_target", "indicator.two_targets", "there are two targets; leave one of them out")
    yield from _shape(indicator)
    if all(side.query in QUERIES for side in indicator.sides.values()):
        yield from _pair(indicator)
    for name, side in indicator.sides.items():
        yield from _side(indicator, name, side)


def set_faults(indicator: Indicator, others: Mapping[str, Indicator]) -> Iterator[Fault]:
    """Yield the faults of a composite indicator among the indicators that are in force beside it."""
    known = {**others, indicator.name: indicator}
    for at, part in enumerate(indicator.parts):
        field = f"parts.{at}.indicator"
        if part.indicator not in known:
            why = "there is no indicator {part}; use one of: {known}"
            yield rule_fault(field, "indicator.unknown_part", why, part=part.indicator, known=sorted(others))
        elif known[part.indicator].unit != indicator.unit:
            why = "{part} is given in {unit}; take parts of one unit"
            unit = known[part.indicator].unit
            yield rule_fault(field, "indicator.part_of_other_unit", why, part=part.indicator, unit=unit)
    for name in sorted(known):
        if circle := _circle(name, known):
            why = "is made of itself: {circle}; take one of these out"
            yield rule_fault("parts", "indicator.circular", why, circle=circle)
            return


def _circle(name: str, known: Mapping[str, Indicator], path: tuple[str, ...] = ()) -> list[str]:
    """Return the names of a circle of composites that begins at this one; empty if there is none."""
    if name in path:
        return [*path[path.index(name) :], name]
    parts = known[name].parts if name in known else ()
    for part in parts:
        if circle := _circle(part.indicator, known, (*path, name)):
            return circle
    return []


def _shape(indicator: Indicator) -> Iterator[Fault]:
    """Yield what a statistic needs and does not have, and what it has no use for."""
    statistic, composite = indicator.statistic, indicator.statistic is Statistic.COMPOSITE
    needed = {"numerator": not composite, "denominator": statistic in PAIRED, "parts": composite}
    for field, wanted in needed.items():
        if wanted and not getattr(indicator, field):
            yield rule_fault(field, "indicator.missing_side", "a {statistic} needs it; add it", statistic=statistic)
        if not wanted and getattr(indicator, field):
            why = "a {statistic} has no use for it; take it out"
            yield rule_fault(field, "indicator.needless_side", why, statistic=statistic)
    if composite and indicator.filters:
        why = "a {statistic} has no use for it; take it out"
        yield rule_fault("filters", "indicator.needless_side", why, statistic=statistic)
    names = [part.indicator for part in indicator.parts]
    for at, name in enumerate(names):
        if name in names[:at]:
            why = "{part} is weighed twice; take one of them out"
            yield rule_fault(f"parts.{at}.indicator", "indicator.part_twice", why, part=name)
    if indicator.parts and (total := sum(part.weight for part in indicator.parts)) != 100:
        why = "the weights are {total} in all; make them 100"
        yield rule_fault("parts", "indicator.weights", why, total=total)


def _pair(indicator: Indicator) -> Iterator[Fault]:
    """Yield where numerator and denominator do not make the statistic."""
    above, below = indicator.numerator, indicator.denominator
    if above is None:
        return
    query = QUERIES[above.query]
    wanted = MEASURED_IN.get(indicator.unit, Measured.COUNT)
    if query.measured is not wanted:
        why = "{query} measures {measured}, which is not given in {unit}"
        yield rule_fault(
            "numerator.query", "indicator.other_measure", why,
            query=above.query, measured=query.measured, unit=indicator.unit,
        )  # fmt: skip
    if below is None:
        return
    if QUERIES[below.query].measured is not Measured.COUNT:
        why = "{query} counts nothing that could be divided by; use a query that counts"
        yield rule_fault("denominator.query", "indicator.no_count", why, query=below.query)
    share = indicator.statistic is Statistic.SHARE
    if share and (query.part_of != below.query or indicator.filters_of(below) != indicator.filters_of(above)):
        why = "{query} counts no part of the {whole} with the same filters; make it a rate, or correct one of them"
        yield rule_fault("numerator", "indicator.no_part", why, query=above.query, whole=below.query)


def _side(indicator: Indicator, name: str, side: Side) -> Iterator[Fault]:
    """Yield an unknown query, unknown filters and values, and filters that leave nothing to be counted."""
    query = QUERIES.get(side.query)
    if query is None:
        why = "there is no query {query}; use one of: {known}"
        yield rule_fault(f"{name}.query", "indicator.unknown_query", why, query=side.query, known=sorted(QUERIES))
        return
    shared = {f"filters.{key}": (key, values) for key, values in indicator.filters.items()}
    own = {f"{name}.filters.{key}": (key, values) for key, values in side.filters.items()}
    faults = [
        fault
        for field, (key, values) in {**shared, **own}.items()
        for fault in _filter(query.facts, field, key, values)
    ]
    yield from faults
    if not faults:
        yield from _emptiness(query.facts, name, indicator.filters_of(side))


def _filter(facts: Facts, field: str, key: str, values: tuple[str, ...]) -> Iterator[Fault]:
    if key not in FILTERS[facts]:
        known = sorted(FILTERS[facts]) if key in EVERY_FILTER else EVERY_FILTER
        why = "{facts} cannot be filtered by {key}; use one of: {known}"
        yield rule_fault(field, "indicator.unknown_filter", why, facts=facts, key=key, known=known)
        return
    known = _known_values(key)
    for value in values:
        if known is not None and value not in known:
            why = "there is no {key} {value}; use one of: {known}"
            yield rule_fault(field, "indicator.unknown_value", why, key=key, value=value, known=sorted(known))


def _known_values(key: str) -> frozenset[str] | None:
    """Return the values that a filter may have; None where each house has its own."""
    tables = lifecycles()
    fixed = {
        "kind": tables, "stage": STAGES, "channel": Channel, "customer_type": CustomerType, "severity": Severity,
        "lateness": Lateness, "clause": [clause for table in tables.values() for clause in promised_clauses(table)],
    }  # fmt: skip
    return frozenset(map(str, fixed[key])) if key in fixed else None


def _emptiness(facts: Facts, name: str, filters: Mapping[str, tuple[str, ...]]) -> Iterator[Fault]:
    """Yield where no case of any house can be counted."""
    for key, values in filters.items():
        if not values:
            why = "no {key} is left, so nothing is ever counted; name one, or take the filter out"
            yield rule_fault(f"{name}.filters.{key}", "indicator.no_value", why, key=key)
            return
    if facts is Facts.ORDERS:
        return
    kinds = kinds_with(facts)
    if "kind" in filters:
        kinds &= frozenset(filters["kind"])
    if "stage" in filters:
        kinds &= frozenset(kind for stage in filters["stage"] for kind in STAGES[stage])
    if "clause" in filters:
        kinds = frozenset(kind for kind in kinds if set(promised_clauses(lifecycles()[kind])) & set(filters["clause"]))
    if not kinds:
        why = "no kind of case has {facts} with these filters, so nothing is ever counted; correct the filters"
        yield rule_fault(name, "indicator.empty_population", why, facts=facts)
