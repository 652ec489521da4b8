"""The evaluation report as a principal may see it, for any door that serves principals."""

from datetime import datetime

from apps.principal_indicators import reads_figures
from apps.principal_reports import READS_FIGURES, refuse_others
from engine.access.principal import Principal
from engine.store import Store
from locales.zone import reader_zone
from reports.evaluation_report import EvaluationReport, evaluation_report
from reports.indicators.periods import last_over, period_of
from statemachines.refused import Refused
from statemachines.roles import Role

ANALYSES = READS_FIGURES | {Role.OPERATIONS, Role.MARKET}
"""The roles that collect, analyse and review the evaluation of the service."""


def evaluation_seen(
    store: Store, principal: Principal, period: str | None, as_of: datetime, at: datetime
) -> EvaluationReport:
    """Return the report of a period as of an instant; without a period, of the last quarter. ``at`` is now.

    Raises ``Refused('bad_period' | 'as_of_ahead' | 'not_in_charge')``.
    """
    if not reads_figures(principal):
        refuse_others(principal, ANALYSES)
    if as_of > at:
        raise Refused("as_of_ahead", as_of=as_of.isoformat(), now=at.isoformat())
    chosen = last_over(at.astimezone(reader_zone()).date(), 3) if period is None else period_of(period)
    return evaluation_report(store, chosen, as_of)
