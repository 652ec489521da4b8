"""The report of a period for managers: every indicator with its trend, and the complaint analysis (E2, B7).

The analysis is the one of ``complaint_analysis``, over the period. Customer forums are counted beside it (D4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.rules.in_force import Rules, rules_in
from engine.rules.indicator_definition import Indicator
from engine.store import Store
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import to_micros
from reports.complaint_analysis import ComplaintAnalysis
from reports.complaint_analysis import gather as analyse
from reports.forums import ForumFigures, forum_figures
from reports.indicators.definitions import in_force
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import Period, trend_to
from reports.indicators.survey_quality import SurveyQuality, survey_quality


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """An indicator with its figures up to the period, oldest first, and the quality of the answers behind it."""

    indicator: Indicator
    trend: Sequence[Figure]
    quality: SurveyQuality | None

    @property
    def figure(self) -> Figure:
        """Return the figure of the period."""
        return self.trend[-1]

    @property
    def before(self) -> Figure | None:
        """Return the figure of the period before; None where the trend begins with the period."""
        return self.trend[-2] if len(self.trend) > 1 else None


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The report of a period as of an instant."""

    period: Period
    as_of: datetime
    lines: Sequence[IndicatorLine]
    analysis: ComplaintAnalysis
    forums: ForumFigures
    forums_before: ForumFigures


def gather(store: Store, period: Period, as_of: datetime) -> PeriodReport:
    """Gather the report of a period that has begun."""
    with store.looking() as tx:
        lines = indicator_lines(tx, rules_in(tx), trend_to(period), to_micros(as_of))
        forums, before = (_forums(tx, each, as_of) for each in (period, period.before(1)))
    return PeriodReport(period, as_of, lines, analyse(store, as_of, period.first, period.months), forums, before)


def _forums(tx: Tx, period: Period, as_of: datetime) -> ForumFigures:
    zone = reader_zone()
    return forum_figures(tx, period.begins(zone), period.ends(zone), to_micros(as_of))


def indicator_lines(tx: Tx, rules: Rules, periods: Sequence[Period], as_of: int) -> list[IndicatorLine]:
    """Return the indicators by which the last of some periods is judged, with their figures of all of them."""
    period = periods[-1]
    indicators = list(in_force(rules, period, as_of).values())
    found = figures(tx, rules, indicators, list(periods), as_of)
    return [
        IndicatorLine(each, found[each.name], survey_quality(tx, rules, each, period, as_of)) for each in indicators
    ]
