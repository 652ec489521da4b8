"""Renders the complaint analysis as Markdown in the reader's language; codes and case numbers, no personal data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from locales.translation import label, translate
from reports.complaint_analysis import LISTED, LOOKED_BACK, SUBJECTS, ComplaintAnalysis, MonthFigures, ranked
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
        yield from self.recurrences()
        yield from self.measures()
        yield from self.handling()

    def overview(self) -> Iterator[str]:
        yield from self.heading("overview")
        yield from self.compared("figure", (self.figure(name) for name in ("received", "closed", "open_at_end")))

    def figure(self, name: str) -> Row:
        return self.text(f"figure.{name}"), *(str(getattr(one, name)) for one in self.months)

    @property
    def months(self) -> tuple[MonthFigures, MonthFigures]:
        return self.here, self.before

    def subject(self, subject: str) -> Iterator[str]:
        here, before = (one.received_by[subject] for one in self.months)
        yield from self.heading(f"by.{subject}")
        counted = ranked(Counter({code: here[code] for code in here | before}))
        rows = [(self.named(subject, code), str(n), str(before[code])) for code, n in counted]
        yield from self.compared(subject, rows[:SHOWN])
        yield from self.more(len(rows))

    def recurrences(self) -> Iterator[str]:
        found = self.analysis.recurrences
        yield from self.heading("recurrences", count=len(found), months=LOOKED_BACK)
        rows = (
            (
                self.named("cause", one.cause),
                self.named("responsible", one.responsible),
                str(one.times),
                str(one.this_month),
                ", ".join(one.numbers) + (" …" if one.times > LISTED else ""),
            )
            for one in found[:SHOWN]
        )
        yield from self.table(("cause", "responsible", "times", "this_month", "cases"), rows)
        yield from self.more(len(found))

    def measures(self) -> Iterator[str]:
        yield from self.heading("measures")
        rows = ((self.named("cause", cause), self.measures_of(cause)) for cause in self.analysis.measures)
        yield from self.table(("cause", "measure"), rows)

    def measures_of(self, cause: str) -> str:
        measures = self.analysis.measures[cause]
        if not measures:
            return self.text("no_measure")
        texts = [f"{self.named('kind', one.kind)} {one.number}{self.ended(one.closed)}" for one in measures]
        return ", ".join(texts[:SHOWN]) + (" …" if len(texts) > SHOWN else "")

    def ended(self, closed: bool) -> str:
        return self.text("ended") if closed else ""

    def handling(self) -> Iterator[str]:
        yield from self.heading("handling")
        yield from self.compared("figure", [*self.promises(), *self.rounds(), *self.answers(), *self.hours()])

    def promises(self) -> Iterator[Row]:
        handling = [one.handling for one in self.months]
        for clause in sorted({clause for one in handling for clause in one.kept | one.late}):
            name = translate(self.locale, "analysis.figure.kept", clause=self.named("clause", clause))
            yield name, *(f"{one.kept[clause]} / {one.late[clause]}" for one in handling)

    def rounds(self) -> Iterator[Row]:
        handling = [one.handling for one in self.months]
        yield self.text("figure.results"), *(str(one.results) for one in handling)
        yield self.text("figure.further"), *(str(one.further) for one in handling)
        shares = [f" ({one.reopened_percent:g} %)" if one.reopened_percent is not None else "" for one in handling]
        reopened = [f"{one.reopened}{share}" for one, share in zip(handling, shares, strict=True)]
        yield self.text("figure.reopened"), *reopened

    def answers(self) -> Iterator[Row]:
        handling = [one.handling for one in self.months]
        for outcome in Outcome:
            yield self.text(f"figure.{outcome}"), *(str(one.answers[outcome]) for one in handling)
        yield self.text("figure.unsatisfied_ends"), *(str(one.unsatisfied_ends) for one in handling)

    def hours(self) -> Iterator[Row]:
        for name in ("median", "p90"):
            found = [getattr(one.handling, name) for one in self.months]
            yield self.text(f"figure.{name}"), *("–" if one is None else f"{one:g}" for one in found)

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
