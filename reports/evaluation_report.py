"""Computes the report that the analysis of an evaluation cycle begins with (E3, B7): figures, causes, plans.

It proposes causes by numbers alone: how many complaints of the period have each cause, what share the most frequent
ones make together (Pareto), and how many there were in the period before. What follows from it people judge.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules, rules_in
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_queries import Facts
from engine.store import Store
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import to_micros
from reports.improvement_plans import IndicatorPlan, indicator_plans
from reports.indicators.cells import Reader
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import Period
from statemachines.complaint import COMPLAINT

MOST = 80
"""The causes that make this share of the complaints together, in percent, are the few that count most."""


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """An indicator's figure of the period, and that of the period before."""

    indicator: Indicator
    here: Figure
    before: Figure


@dataclass(frozen=True, slots=True)
class CauseShare:
    """A cause with its complaints in the period and in the one before; ``''`` is that nobody has found one yet.

    ``cumulative`` is the share in percent, rounded down, of this cause and the more frequent ones. ``of_the_few`` marks
    the causes that are needed to make ``MOST`` percent.
    """

    cause: str
    count: int
    before: int
    cumulative: int
    of_the_few: bool


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The report of a period as of an instant; codes and numbers only."""

    period: Period
    as_of: datetime
    figures: tuple[ComparedFigure, ...]
    causes: tuple[CauseShare, ...]
    plans: tuple[IndicatorPlan, ...]

    @property
    def missed(self) -> int:
        """Return how many indicators miss their target."""
        return sum(each.here.on_target is False for each in self.figures)


def evaluation_report(store: Store, period: Period, as_of: datetime) -> EvaluationReport:
    """Compute the report in one transaction, from what had been recorded by an instant; plans as they are now."""
    at = to_micros(as_of)
    with store.looking() as tx:
        rules = rules_in(tx)
        plans = tuple(plan for plan in indicator_plans(tx) if plan.period == period)
        return EvaluationReport(
            period, as_of, tuple(_compared(tx, rules, period, at)), _causes(tx, rules, period, at), plans
        )


def pareto(here: Counter[str], before: Counter[str]) -> tuple[CauseShare, ...]:
    """Return the causes of both periods, the most frequent first, equals by name; unknown causes stand at the end."""
    known = {*here, *before} - {""}
    ranked = sorted(known, key=lambda cause: (-here[cause], cause))
    whole, summed = sum(here.values()), 0
    shares: list[CauseShare] = []
    for cause in [*ranked, *([""] if here[""] or before[""] else [])]:
        few = bool(cause) and here[cause] > 0 and Fraction(summed * 100, whole or 1) < MOST
        summed += here[cause]
        shares.append(CauseShare(cause, here[cause], before[cause], summed * 100 // (whole or 1), few))
    return tuple(shares)


def _compared(tx: Tx, rules: Rules, period: Period, at: int) -> Iterator[ComparedFigure]:
    known = rules.indicators(min(at, period.ends(reader_zone()) - 1))
    found = figures(tx, rules, list(known.values()), [period.before(1), period], at)
    for name, indicator in known.items():
        before, here = (_of(found[name], each) for each in (period.before(1), period))
        if here is not None and before is not None:
            yield ComparedFigure(indicator, here, before)


def _of(found: list[Figure], period: Period) -> Figure | None:
    return next((figure for figure in found if figure.period == period), None)


def _causes(tx: Tx, rules: Rules, period: Period, at: int) -> tuple[CauseShare, ...]:
    zone: ZoneInfo = reader_zone()
    spans = [(each.begins(zone), each.ends(zone)) for each in (period.before(1), period)]
    counted: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for cell in Reader.at(tx, rules, at).cells(Facts.OPENINGS, spans, ("cause", "kind")):
        if cell.attributes["kind"] == COMPLAINT.kind:
            counted[cell.period][cell.attributes["cause"]] += cell.facts
    return pareto(counted[1], counted[0])
