"""Lays the report of a period out on paper, in the reader's language; it counts cases and names no person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from decimal import Decimal

from engine.rules.indicator_definition import Unit
from locales.shares import share_text
from locales.translation import label, translate, when
from models.paper import Cell, Paper, PaperSection, PaperTable, PaperTrend
from reports.complaint_analysis import ranked
from reports.complaint_handling import HandlingFigures
from reports.evaluation_sections import evaluation_sections
from reports.forums import ForumFigures
from reports.greeting_text import GreetingWords, greeting_section
from reports.indicators.indicator_text import (
    digits_of,
    figure_text,
    label_of,
    quality_texts,
    sample_text,
    target_text,
)
from reports.indicators.names import IndicatorNames
from reports.period_report import IndicatorLine, PeriodReport
from reports.survey_report_text import survey_section
from statemachines.complaint import COMPLAINT
from statemachines.forms import Outcome

FEWEST = 3
"""How many values make a trend worth a picture."""
FIGURES = ("results", "further", "reopened", "unsatisfied_ends", "median", "p90")


def period_paper(report: PeriodReport, locale: str) -> Paper:
    """Return the report."""
    return _Report(report, locale).paper()


class _Report:
    def __init__(self, report: PeriodReport, locale: str) -> None:
        self.report, self.locale = report, locale
        self.here, self.before = report.analysis.month, report.analysis.before

    def paper(self) -> Paper:
        texts = [self.text("as_of", as_of=when(self.report.as_of))]
        if not self.report.analysis.over:
            texts.append(self.text("running"))
        sections = (self.indicators(), self.trends(), self.pareto("cause"), self.pareto("responsible"),
                    self.recurrences(), self.handling(), self.forums(), self.greetings(), *self.surveys(),
                    *evaluation_sections(self.locale, self.report.evaluations, self.report.third_party,
                                          self.indicator_names()))  # fmt: skip
        return Paper(self.text("title", period=self.report.period.name), texts, sections)

    def indicators(self) -> PaperSection:
        rows = [
            (label_of(line.indicator, self.locale), figure_text(line.indicator, line.figure, self.locale),
             figure_text(line.indicator, line.before, self.locale) if line.before else "–",
             target_text(line.indicator, line.figure, self.locale), sample_text(line.figure, self.locale))
            for line in self.report.lines
        ]  # fmt: skip
        said = [text for line in self.report.lines for text in quality_texts(line.quality, self.locale)]
        names = ("indicator", "value", "before", "target", "sample")
        return self.section("indicators", names, rows, list(dict.fromkeys(said)))

    def trends(self) -> PaperSection:
        trends = [trend for line in self.report.lines if (trend := self.trend(line)) is not None]
        texts = () if trends else (self.text("no_trend", fewest=FEWEST),)
        name, heading = self.text("tab.trends"), self.text("heading.trends")
        return PaperSection(name, heading, texts, trends=trends)

    def trend(self, line: IndicatorLine) -> PaperTrend | None:
        """Return the trend of an indicator, fen in yuan; None of one with too few values."""
        scale = 100 if line.indicator.unit is Unit.FEN else 1
        values = [None if figure.value is None else figure.value / scale for figure in line.trend]
        if sum(value is not None for value in values) < FEWEST:
            return None
        target = line.figure.target.amount / scale if line.figure.target else None
        periods = [figure.period.name for figure in line.trend]
        return PaperTrend(
            label_of(line.indicator, self.locale), periods, values, target, digits_of(line.indicator, line.figure)
        )

    def pareto(self, subject: str) -> PaperSection:
        """Return the complaints received by cause or party, the most frequent first, with the share so far."""
        here, before = self.here.received_by[subject], self.before.received_by[subject]
        cost, cost_before = self.here.cost_by[subject], self.before.cost_by[subject]
        codes = {*here, *before, *cost, *cost_before}
        rows: list[Sequence[Cell]] = []
        so_far = 0
        for code, n in ranked(Counter({code: here[code] for code in codes})):
            so_far += n
            rows.append(
                (self.code(subject, code), n, share_text(n, self.here.received), share_text(so_far, self.here.received),
                 before[code], _yuan(cost[code]), _yuan(cost_before[code]))
            )  # fmt: skip
        names = (subject, "count", "share", "so_far", "count_before", "cost", "cost_before")
        return self.section(subject, names, rows)

    def recurrences(self) -> PaperSection:
        rows = [
            (self.code("cause", each.cause), self.code("responsible", each.responsible), each.times, each.this_month)
            for each in self.report.analysis.recurrences
        ]
        return self.section("recurrences", ("cause", "responsible", "times", "in_period"), rows)

    def handling(self) -> PaperSection:
        periods = (self.here, self.before)
        rows: list[Sequence[Cell]] = [
            (translate(self.locale, f"analysis.figure.{name}"), *(str(getattr(each, name)) for each in periods))
            for name in ("received", "closed", "open_at_end")
        ]
        rows += self.handled(self.here.handling, self.before.handling)
        return self.section("handling", ("figure", "value", "before"), rows)

    def surveys(self) -> Iterator[PaperSection]:
        """Yield a section for each survey that was sent out in the period."""
        for each in self.report.surveys:
            yield survey_section(each, self.locale)

    def handled(self, *handling: HandlingFigures) -> Iterator[Sequence[Cell]]:
        for clause in sorted({clause for each in handling for clause in each.kept | each.late}):
            name = label(self.locale, COMPLAINT.kind, "clause", clause)
            yield self.text("in_time", clause=name), *(_in_time(each, clause) for each in handling)
        for outcome in Outcome:
            name = translate(self.locale, f"analysis.figure.{outcome}")
            yield name, *(f"{each.answers[outcome]} ({share_text(each.answers[outcome], each.answers.total())})"
                          for each in handling)  # fmt: skip
        for figure in FIGURES:
            values = [getattr(each, figure) for each in handling]
            name = translate(self.locale, f"analysis.figure.{figure}")
            yield name, *("–" if value is None else f"{value:g}" for value in values)

    def forums(self) -> PaperSection:
        """Return what came of the customer forums; without rows where nothing of them was recorded."""
        here, before = self.report.forums, self.report.forums_before
        names = [field.name for field in fields(ForumFigures)] if (here, before) != (ForumFigures(),) * 2 else []
        rows = [(self.text(f"forum.{name}"), getattr(here, name), getattr(before, name)) for name in names]
        return self.section("forums", ("figure", "value", "before"), rows)

    def indicator_names(self) -> IndicatorNames:
        """Return the names of the indicators of the report."""
        return {line.indicator.name: line.indicator.label for line in self.report.lines}

    def greetings(self) -> PaperSection:
        """Return what became of the greetings to customers."""
        return greeting_section(self.report.care, GreetingWords(self.locale, self.report.occasions))

    def section(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], texts: Sequence[str] = ()
    ) -> PaperSection:
        heads = [self.text(f"column.{column}") for column in columns]
        said = [*texts, *(() if rows else (translate(self.locale, "report.none"),))]
        return PaperSection(self.text(f"tab.{name}"), self.text(f"heading.{name}"), said, PaperTable(heads, rows))

    def code(self, subject: str, code: str) -> str:
        return label(self.locale, COMPLAINT.kind, subject, code) if code else translate(self.locale, "analysis.unknown")

    def text(self, key: str, **params: object) -> str:
        return translate(self.locale, f"period_report.{key}", **params)


def _in_time(handling: HandlingFigures, clause: str) -> str:
    kept, late = handling.kept[clause], handling.late[clause]
    return f"{share_text(kept, kept + late)} ({kept} / {kept + late})"


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100
