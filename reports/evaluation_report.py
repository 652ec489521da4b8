"""Computes the report that the analysis of an evaluation cycle begins with (E3, B7): figures, causes, plans.

It proposes causes by numbers alone: how many complaints of the period have each cause, what share the most frequent
ones make together (Pareto), and how many there were in the period before. What follows from it people judge.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules, rules_in
from engine.rules.indicator_queries import Facts
from engine.store import Store
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import to_micros
from reports.improvement_plans import IndicatorPlan, indicator_plans
from reports.indicators.cells import Reader
from reports.indicators.pareto import Cause, ranked
from reports.indicators.periods import Period
from reports.period_report import IndicatorLine, indicator_lines
from statemachines.complaint import COMPLAINT


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The report of a period as of an instant; codes and numbers only."""

    period: Period
    as_of: datetime
    lines: tuple[IndicatorLine, ...]
    causes: tuple[Cause, ...]
    plans: tuple[IndicatorPlan, ...]

    @property
    def missed(self) -> int:
        """Return how many indicators miss their target."""
        return sum(line.figure.on_target is False for line in self.lines)


def evaluation_report(store: Store, period: Period, as_of: datetime) -> EvaluationReport:
    """Compute the report in one transaction, from what had been recorded by an instant; plans as they are now."""
    at = to_micros(as_of)
    with store.looking() as tx:
        rules = rules_in(tx)
        plans = tuple(plan for plan in indicator_plans(tx) if plan.period == period)
        lines = indicator_lines(tx, rules, [period.before(1), period], at)
        return EvaluationReport(period, as_of, tuple(lines), _causes(tx, rules, period, at), plans)


def _causes(tx: Tx, rules: Rules, period: Period, at: int) -> tuple[Cause, ...]:
    zone: ZoneInfo = reader_zone()
    spans = [(each.begins(zone), each.ends(zone)) for each in (period.before(1), period)]
    counted: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for cell in Reader.at(tx, rules, at).cells(Facts.OPENINGS, spans, ("cause", "kind"), ()):
        if cell.attributes["kind"] == COMPLAINT.kind:
            counted[cell.period][cell.attributes["cause"]] += cell.facts
    return tuple(ranked(*counted))
