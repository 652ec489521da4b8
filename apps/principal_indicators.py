"""Indicators as a principal may see them, for any door that serves principals (E2).

Figures of the whole house and of departments are for those who answer for more than their own work. A person's figures
are for himself, for whoever manages his department, and for the evaluation group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from apps.principal_reports import READS_FIGURES, refuse_others
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.rules.editions import EditionRow, editions
from engine.rules.in_force import Rules, Sort, rules_in
from engine.rules.indicator_definition import Indicator, Statistic, Unit
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.indicators.bands import bands
from reports.indicators.cells import Reader
from reports.indicators.corrections import Corrections, corrections
from reports.indicators.definitions import definition, in_force
from reports.indicators.figures import Figure, Group, figures, groups_of, refuse_unknown_groups, spans_of
from reports.indicators.pareto import Cause, causes, has_causes
from reports.indicators.periods import Period, trend_to
from reports.indicators.selection import Asked, asked
from reports.indicators.statistics import ControlChart, control_chart
from reports.indicators.survey_quality import SurveyQuality, rests_on_answers, survey_quality
from statemachines.refused import Refused
from statemachines.roles import Role

READS_EVERYBODY: Final = frozenset({Role.EVALUATION_GROUP, Role.GENERAL_MANAGER, Role.AUDITOR})
"""The roles that read the figures of every person."""
READS_DEPARTMENT: Final = frozenset({Role.TEAM_SUPERVISOR, Role.DEPARTMENT_MANAGER})
"""The roles that read those of the people of their own department."""
OF_DEPARTMENT = "SELECT handle FROM actor WHERE department = :department OR handle = :handle"
NUMBERS = "SELECT c.number FROM cases c WHERE c.id = ANY(:ids) AND ({scope}) ORDER BY c.id LIMIT :most"
MOST = 500
"""The most case numbers of a list."""


@dataclass(frozen=True, slots=True)
class Reread:
    """The same figure as of another instant, and the cases that count otherwise."""

    as_of: datetime
    figure: Figure
    corrections: Corrections


@dataclass(frozen=True, slots=True)
class SeenIndicator:
    """An indicator in a period: the whole, its groups, the periods before, and what qualifies the figure.

    ``causes`` are what keeps it from its target where its facts were asked for by cause. ``asked`` says whose customers
    were called, where its answers were asked for by person. ``whole`` is None for somebody who sees his own figures
    alone. ``bands`` holds the people that can be told apart. ``reread`` is the figure as it was first read when the
    period was over, or as it is read now.
    """

    indicator: Indicator
    period: Period
    as_of: datetime
    whole: Figure | None
    groups: Sequence[Figure]
    bands: Mapping[Group, int]
    trend: Sequence[Figure]
    chart: ControlChart | None
    quality: SurveyQuality | None
    reread: Reread | None
    causes: Sequence[Cause] = ()
    asked: Sequence[Asked] = ()


def indicators_seen(
    store: Store, principal: Principal, period: Period, as_of: datetime, at: datetime
) -> list[tuple[Indicator, Figure]]:
    """Return every indicator in force with its figure of a period as of an instant; ``at`` is now.

    Raises ``Refused('not_in_charge' | 'as_of_ahead')``.
    """
    refuse_figures(principal)
    refuse_ahead(as_of, at)
    with store.looking() as tx:
        rules, then = rules_in(tx), to_micros(as_of)
        known = list(in_force(rules, period, then).values())
        found = figures(tx, rules, known, [period], then)
    return [(indicator, found[indicator.name][0]) for indicator in known]


def own_figures_seen(
    store: Store, principal: Principal, period: Period, as_of: datetime, at: datetime
) -> list[tuple[Indicator, Figure]]:
    """Return the principal's own figures of a period, of the indicators that judge the work of a person."""
    refuse_ahead(as_of, at)
    with store.looking() as tx:
        rules, then = rules_in(tx), to_micros(as_of)
        known = [each for each in in_force(rules, period, then).values() if "person" in groups_of(each)]
        found = figures(tx, rules, known, [period], then, ["person"])
    own = (("person", principal.actor.handle),)
    pairs = ((indicator, figure) for indicator in known for figure in found[indicator.name])
    return [(indicator, figure) for indicator, figure in pairs if figure.group == own]


def trends_seen(
    store: Store, principal: Principal, period: Period, as_of: datetime, at: datetime
) -> Mapping[str, list[Figure]]:
    """Return each indicator's figures of the periods up to this one. Raises as ``indicators_seen``."""
    refuse_figures(principal)
    refuse_ahead(as_of, at)
    with store.looking() as tx:
        rules, then = rules_in(tx), to_micros(as_of)
        return figures(tx, rules, list(in_force(rules, period, then).values()), trend_to(period), then)


def indicator_seen(
    store: Store, principal: Principal, name: str, period: Period, as_of: datetime, at: datetime, by: Sequence[str] = ()
) -> SeenIndicator:
    """Return an indicator in a period as of an instant, perhaps by groups; ``at`` is now.

    Raises ``Refused('unknown_indicator' | 'unknown_group' | 'not_in_charge' | 'as_of_ahead')``.
    """
    refuse_ahead(as_of, at)
    own_only = not reads_figures(principal)
    if own_only and "person" not in by:
        refuse_figures(principal)
    then = to_micros(as_of)
    with store.looking() as tx:
        rules = rules_in(tx)
        indicator = definition(rules, name, period, then)
        drilled = "cause" in by and has_causes(indicator) and not own_only
        by = [name for name in by if name != "cause" or not drilled or name in groups_of(indicator)]
        refuse_unknown_groups(indicator, by)
        trend = figures(tx, rules, [indicator], trend_to(period), then)[indicator.name] if not own_only else []
        groups = figures(tx, rules, [indicator], [period], then, by)[indicator.name] if by else []
        if "person" in by:
            groups = _visible(tx, principal, groups)
        whole = trend[-1] if trend else None
        return SeenIndicator(
            indicator, period, as_of, whole, groups, bands(groups) if "person" in by else {}, trend,
            control_chart([figure.exact for figure in trend], _most_of(indicator)),
            None if own_only else survey_quality(tx, rules, indicator, period, then),
            _reread(tx, rules, principal, indicator, whole, then, to_micros(at)),
            causes(tx, rules, indicator, period, then, high=_should_be_high(whole)) if drilled else (),
            _asked(tx, principal, indicator, period, then) if "person" in by and not own_only else (),
        )  # fmt: skip


def cases_seen(
    store: Store, principal: Principal, name: str, period: Period, as_of: datetime, at: datetime
) -> dict[str, list[str]]:
    """Return the numbers of the cases behind numerator and denominator, as far as the principal may read them.

    Raises as ``indicator_seen``.
    """
    refuse_figures(principal)
    refuse_ahead(as_of, at)
    scope, micros = cases_in_scope(principal, at), to_micros(as_of)
    with store.looking() as tx:
        rules = rules_in(tx)
        indicator, reader = definition(rules, name, period, micros), Reader.at(tx, rules, micros)
        [span] = spans_of(indicator, [period])
        found: dict[str, list[str]] = {}
        for side_name, side in indicator.sides.items():
            rows = reader.by_case(side.query, span, indicator.filters_of(side), "TRUE", {})
            ids = [row.case_id for row in rows if row.total]
            numbers = tx.rows_among(NUMBERS.format(scope=scope.sql), ids=ids, most=MOST, **scope.values)
            found[side_name] = [row.number for row in numbers]
    return found


def explained(store: Store, name: str, at: datetime) -> tuple[Indicator, list[EditionRow]]:
    """Return an indicator in force, and its published editions. Raises ``Refused('unknown_indicator')``."""
    with store.looking() as tx:
        return rules_in(tx).indicator(name, to_micros(at)), editions(tx, Sort.INDICATOR, name)


def _reread(
    tx: Tx, rules: Rules, principal: Principal, indicator: Indicator, whole: Figure | None, as_of: int, now: int
) -> Reread | None:
    """Return the figure of another instant where it differs: of now for a past one, else of the end of the period."""
    if whole is None or not indicator.sides:
        return None
    [(_, end)] = spans_of(indicator, [whole.period])
    other = now if as_of < now else end
    if other == as_of or other > now:
        return None
    [figure] = figures(tx, rules, [indicator], [whole.period], other)[indicator.name]
    if (figure.exact, figure.numerator, figure.denominator) == (whole.exact, whole.numerator, whole.denominator):
        return None
    then, later = sorted((as_of, other))
    scope = cases_in_scope(principal, from_micros(now))
    found = corrections(tx, rules, indicator, whole.period, then, later, scope)
    return Reread(from_micros(other), figure, found)


def _should_be_high(whole: Figure | None) -> bool:
    return whole is not None and whole.target is not None and whole.target.operator.startswith(">")


def _asked(tx: Tx, principal: Principal, indicator: Indicator, period: Period, as_of: int) -> list[Asked]:
    """Return of whom each person's customers were asked, for answers, as far as the principal sees the people."""
    if not rests_on_answers(indicator):
        return []
    people = _visible_people(tx, principal)
    return [each for each in asked(tx, indicator, period, as_of) if people is None or each.person in people]


def _most_of(indicator: Indicator) -> Fraction | None:
    """Return the largest value that an indicator can have; None where there is no such value."""
    bounded = indicator.statistic is Statistic.SHARE or indicator.unit is Unit.POINTS
    return Fraction(100) if bounded else None


def refuse_ahead(as_of: datetime, at: datetime) -> None:
    """Refuse to read the record as of an instant that has not come."""
    if as_of > at:
        raise Refused("as_of_ahead", as_of=as_of.isoformat(), now=at.isoformat())


def reads_figures(principal: Principal) -> bool:
    """Return whether the principal reads the figures of the house, and not only his own."""
    return principal.kind in UNLIMITED or bool(principal.actor.roles & READS_FIGURES)


def refuse_figures(principal: Principal) -> None:
    """Raise ``Refused('not_in_charge')`` for whoever may not read the figures of the house."""
    if principal.kind not in UNLIMITED:
        refuse_others(principal, READS_FIGURES)


def _visible(tx: Tx, principal: Principal, groups: Sequence[Figure]) -> list[Figure]:
    """Return the figures of those people that the principal may see; without a person only to who sees everybody."""
    people = _visible_people(tx, principal)
    return [figure for figure in groups if people is None or dict(figure.group)["person"] in people]


def _visible_people(tx: Tx, principal: Principal) -> set[str] | None:
    """Return the people whose figures the principal may see; None for everybody."""
    roles = principal.actor.roles
    if principal.kind in UNLIMITED or roles & READS_EVERYBODY:
        return None
    people = {principal.actor.handle}
    if roles & READS_DEPARTMENT and principal.actor.department is not None:
        rows = tx.rows(OF_DEPARTMENT, department=principal.actor.department, handle=principal.actor.handle)
        people |= {row.handle for row in rows}
    return people
