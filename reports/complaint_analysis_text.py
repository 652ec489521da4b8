"""Renders the complaint analysis as Markdown in the reader's language; codes and case numbers, no personal data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from locales.translation import label, translate
from reports.complaint_analysis import LISTED, LOOKED_BACK, SUBJECTS, ComplaintAnalysis, MonthFigures, ranked
from reports.complaint_causes import PAID_FOR
from reports.indicators.indicator_text import short
from statemachines.complaint import COMPLAINT
from statemachines.forms import Outcome

SHOWN = 30
"""How many rows a list shows before it says how many more there are."""
Row = tuple[str, ...]


def render(analysis: ComplaintAnalysis, locale: str) -> str:
    """Render the whole analysis."""
    return "\n".join(_Page(analysis, locale).lines()) + "\n"


class _Page:
    def __init__(self, analysis: ComplaintAnalysis, locale: str) -> None:
        self.analysis, self.locale = analysis, locale
        self.here, self.before = analysis.month, analysis.before

    def lines(self) -> Iterator[str]:
        yield f"# {translate(self.locale, 'analysis.title', month=_named(self.here.first))}"
        if not self.analysis.over:
            yield from ("", translate(self.locale, "analysis.running"))
        yield from self.overview()
        for subject in SUBJECTS:
            yield from self.subject(subject)
        for subject in PAID_FOR:
            yield from self.cost(subject)
        yield from self.recurrences()
        yield from self.measures()
        yield from self.handling()

    def overview(self) -> Iterator[str]:
        yield from self.heading("overview")
        yield from self.compared("figure", (self.figure(name) for name in ("received", "closed", "open_at_end")))

    def figure(self, name: str) -> Row:
        return self.text(f"figure.{name}"), *(str(getattr(figures, name)) for figures in self.months)

    @property
    def months(self) -> tuple[MonthFigures, MonthFigures]:
        return self.here, self.before

    def subject(self, subject: str) -> Iterator[str]:
        here, before = (figures.received_by[subject] for figures in self.months)
        yield from self.heading(f"by.{subject}")
        counted = ranked(Counter({code: here[code] for code in here | before}))
        rows = [(self.named(subject, code), str(n), str(before[code])) for code, n in counted]
        yield from self.compared(subject, rows[:SHOWN])
        yield from self.more(len(rows))

    def cost(self, subject: str) -> Iterator[str]:
        here, before = (figures.cost_by[subject] for figures in self.months)
        yield from self.heading(f"cost.{subject}")
        counted = ranked(Counter({code: here[code] for code in here | before}))
        rows = [(self.named(subject, code), _yuan(fen), _yuan(before[code])) for code, fen in counted]
        yield from self.compared(subject, rows[:SHOWN])
        yield from self.more(len(rows))

    def recurrences(self) -> Iterator[str]:
        recurrences = self.analysis.recurrences
        yield from self.heading("recurrences", count=len(recurrences), months=LOOKED_BACK)
        rows = (
            (
                self.named("cause", recurrence.cause),
                self.named("responsible", recurrence.responsible),
                str(recurrence.times),
                str(recurrence.this_month),
                ", ".join(recurrence.numbers) + (" …" if recurrence.times > LISTED else ""),
            )
            for recurrence in recurrences[:SHOWN]
        )
        yield from self.table(("cause", "responsible", "times", "this_month", "cases"), rows)
        yield from self.more(len(recurrences))

    def measures(self) -> Iterator[str]:
        yield from self.heading("measures")
        rows = ((self.named("cause", cause), self.measures_of(cause)) for cause in self.analysis.measures)
        yield from self.table(("cause", "measure"), rows)

    def measures_of(self, cause: str) -> str:
        measures = self.analysis.measures[cause]
        if not measures:
            return self.text("no_measure")
        texts = [
            f"{self.named('kind', measure.kind)} {measure.number}{self.ended(measure.closed)}" for measure in measures
        ]
        return ", ".join(texts[:SHOWN]) + (" …" if len(texts) > SHOWN else "")

    def ended(self, closed: bool) -> str:
        return self.text("ended") if closed else ""

    def handling(self) -> Iterator[str]:
        yield from self.heading("handling")
        yield from self.compared("figure", [*self.promises(), *self.rounds(), *self.answers(), *self.hours()])

    def promises(self) -> Iterator[Row]:
        handling = [figures.handling for figures in self.months]
        for clause in sorted({clause for figures in handling for clause in figures.kept | figures.late}):
            name = translate(self.locale, "analysis.figure.kept", clause=self.named("clause", clause))
            yield name, *(f"{figures.kept[clause]} / {figures.late[clause]}" for figures in handling)

    def rounds(self) -> Iterator[Row]:
        handling = [figures.handling for figures in self.months]
        yield self.text("figure.results"), *(str(figures.results) for figures in handling)
        yield self.text("figure.further"), *(str(figures.further) for figures in handling)
        shares = [
            f" ({figures.reopened_percent:g} %)" if figures.reopened_percent is not None else "" for figures in handling
        ]
        reopened = [f"{figures.reopened}{share}" for figures, share in zip(handling, shares, strict=True)]
        yield self.text("figure.reopened"), *reopened

    def answers(self) -> Iterator[Row]:
        handling = [figures.handling for figures in self.months]
        for outcome in Outcome:
            yield self.text(f"figure.{outcome}"), *(str(figures.answers[outcome]) for figures in handling)
        yield self.text("figure.unsatisfied_ends"), *(str(figures.unsatisfied_ends) for figures in handling)

    def hours(self) -> Iterator[Row]:
        for name in ("median", "p90"):
            values = [getattr(figures.handling, name) for figures in self.months]
            yield self.text(f"figure.{name}"), *("–" if value is None else f"{value:g}" for value in values)

    def named(self, sort: str, code: str) -> str:
        return label(self.locale, COMPLAINT.kind, sort, code) if code else self.text("unknown")

    def text(self, key: str) -> str:
        return translate(self.locale, f"analysis.{key}")

    def heading(self, key: str, **params: object) -> Iterator[str]:
        yield from ("", f"## {translate(self.locale, f'analysis.heading.{key}', **params)}", "")

    def compared(self, first: str, rows: Iterable[Row]) -> Iterator[str]:
        """Yield a table of this month beside the one before."""
        return self.table((first, "month", "before"), rows)

    def table(self, columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
        heads = [self.text(f"column.{name}") for name in columns]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        if not lines:
            yield self.text("none")
            return
        yield "| " + " | ".join(heads) + " |"
        yield "|" + " --- |" * len(heads)
        yield from lines

    def more(self, count: int) -> Iterator[str]:
        if count > SHOWN:
            yield from ("", translate(self.locale, "analysis.more", count=count - SHOWN))


def _named(first: date) -> str:
    return f"{first:%Y-%m}"


def _yuan(fen: int) -> str:
    return short(Decimal(fen) / 100, 2)
