"""The report of a period for managers: every indicator with its trend, and the complaint analysis (E2, B7).

The analysis is the one of ``complaint_analysis``, over the period. Greetings (D3) and customer
forums (D4) are counted beside it.
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
from reports.care import CareFigures, care_figures_in
from reports.complaint_analysis import ComplaintAnalysis
from reports.complaint_analysis import gather as analyse
from reports.evaluation_figures import EvaluationFigures, evaluation_figures
from reports.forums import ForumFigures, forum_figures
from reports.greeting_text import OccasionNames, occasion_names
from reports.indicators.definitions import in_force
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import Period, trend_to
from reports.indicators.survey_quality import SurveyQuality, survey_quality
from reports.survey_report import SurveyReport, surveys_sent_within
from reports.third_party_list import ThirdPartyEvaluation, third_party_evaluations


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
    """The report of a period as of an instant. ``surveys`` are those sent out in it."""

    period: Period
    as_of: datetime
    lines: Sequence[IndicatorLine]
    analysis: ComplaintAnalysis
    evaluations: EvaluationFigures
    third_party: Sequence[ThirdPartyEvaluation]
    forums: ForumFigures
    forums_before: ForumFigures
    care: CareFigures
    occasions: OccasionNames
    surveys: Sequence[SurveyReport] = ()


def gather(store: Store, period: Period, as_of: datetime) -> PeriodReport:
    """Gather the report of a period that has begun."""
    with store.looking() as tx:
        lines = indicator_lines(tx, rules_in(tx), trend_to(period), to_micros(as_of))
        evaluations = evaluations_of(tx, period, as_of)
        third_party = third_party_evaluations(tx, period=period.name, as_of=to_micros(as_of))
        forums, before = (_forums(tx, each, as_of) for each in (period, period.before(1)))
        zone = reader_zone()
        care = care_figures_in(tx, period.begins(zone), period.ends(zone), to_micros(as_of))
        names = occasion_names(tx, to_micros(as_of))
        sent = surveys_sent_within(tx, period.begins(zone), period.ends(zone), to_micros(as_of))
    analysis = analyse(store, as_of, period.first, period.months)
    return PeriodReport(period, as_of, lines, analysis, evaluations, third_party, forums, before, care, names, sent)


def evaluations_of(tx: Tx, period: Period, as_of: datetime) -> EvaluationFigures:
    """Return the figures of the evaluations of a period, whose days are those of the reader's zone."""
    zone = reader_zone()
    return evaluation_figures(tx, period.begins(zone), period.ends(zone), to_micros(as_of))


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
