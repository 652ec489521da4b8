"""Renders the morning report as Markdown in the reader's language; ids only, no personal data."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from engine.actors import SYSTEM
from locales.translation import label, translate, when
from reports import discovered_model
from reports.day_figures import EscalatedCase, RaisedCase
from reports.figures import LateStep, Trend
from reports.markdown import BOARD, CALLBACKS, LEDGER, SHOWN, department, link, milestones, table, waits_for
from reports.morning_report import MorningReport
from reports.night_health import night, troubles

LINKED = (LEDGER, BOARD, CALLBACKS, "complaint-analysis")
NO_TREND = Trend(0, 0.0)


def render(report: MorningReport, locale: str, *, linked: bool = False) -> str:
    """Render the whole report; ``linked`` adds links to the artifacts beside it, for the Prefect UI."""
    return "\n".join(_Page(report, locale, linked).lines()) + "\n"


def summary(report: MorningReport, locale: str) -> str:
    """Render the report in one sentence."""
    late, climbed = len(report.became_late), len(report.climbs)
    today, calls = len(report.today), len(report.callbacks)
    return translate(locale, "report.summary", late=late, climbed=climbed, today=today, calls=calls)


class _Page:
    def __init__(self, report: MorningReport, locale: str, linked: bool) -> None:
        self.report, self.locale, self.linked = report, locale, linked

    def translate(self, key: str, /, **params: object) -> str:
        return translate(self.locale, f"report.{key}", **params)

    def time(self, instant: datetime) -> str:
        return when(instant, "%m-%d %H:%M")

    def lines(self) -> Iterator[str]:
        """Yield first what needs a person, then the day, then the trends, then the night in detail."""
        yield from self.head()
        yield from troubles(self.report.health, self.locale)
        yield from self.became_late()
        yield from self.climbed()
        yield from self.raised()
        yield from self.departments()
        yield from self.today()
        yield from self.callbacks()
        yield from self.trends()
        yield from self.board()
        yield from self.unwatched()
        yield from self.lived()
        yield from night(self.report.health, self.locale)

    def head(self) -> Iterator[str]:
        report = self.report
        yield f"# {self.translate('title', day=when(report.at, '%Y-%m-%d'))}"
        yield ""
        yield summary(report, self.locale)
        yield ""
        last = self.time(report.health.last_night) if report.health.last_night else "–"
        yield self.translate("healthy" if report.health.ok else "unhealthy", last=last)
        if self.linked:
            yield from ("", " · ".join(link(self.locale, key) for key in LINKED))

    def listed(self, columns: Iterable[str], rows: list[tuple[str, ...]]) -> Iterator[str]:
        """Yield a table of the first rows, and how many more there are."""
        if not rows:
            yield self.translate("none")
            return
        yield from table([self.translate(f"column.{name}") for name in columns], rows[:SHOWN])
        if len(rows) > SHOWN:
            yield from ("", self.translate("more", count=len(rows) - SHOWN))

    def title(self, key: str, count: int) -> Iterator[str]:
        yield from ("", f"## {self.translate(key, count=count)}", "")

    def became_late(self) -> Iterator[str]:
        found = sorted(self.report.became_late, key=lambda one: (one.department or "", one.due_at, one.number))
        yield from self.title("became_late", len(found))
        yield from self.listed(("department", "case", "promise", "due", "owner"), [self.late(one) for one in found])

    def late(self, one: LateStep) -> tuple[str, ...]:
        promise = label(self.locale, one.kind, "clause", one.clause)
        return self.team(one.department), one.number, promise, self.time(one.due_at), one.owner or "–"

    def climbed(self) -> Iterator[str]:
        found = self.report.climbs
        yield from self.title("climbed", len(found))
        columns = ("asked", "case", "why", "since", "state", "whose")
        yield from self.listed(columns, [self.climb(one) for one in found])

    def climb(self, one: EscalatedCase) -> tuple[str, ...]:
        why = self.translate("and").join(
            f"{label(self.locale, one.kind, 'clause', clause)} {'/'.join(map(str, shares))} %"
            for clause, shares in one.promises
        )
        asked, state = self.asked(one.level, one.department), self.report.states.get(one.number, "–")
        stands = label(self.locale, one.kind, "state", state)
        whose = " · ".join(filter(None, (self.team(one.department), one.owner)))
        return asked, one.number, why, self.time(one.due_at), stands, whose

    def asked(self, level: int, code: str | None) -> str:
        """Return who answers for a level in a department: the role, and the people who hold it there."""
        people = self.report.staff.get((level, code or "")) or self.report.staff.get((level, ""), ())
        return " · ".join([label(self.locale, "", "level", str(level)), *people])

    def raised(self) -> Iterator[str]:
        """Yield the cases raised by a person, or by a dissatisfied customer in another round."""
        found = self.report.raised
        if found:
            yield from self.title("raised", len(found))
            yield from self.listed(("asked", "case", "done", "by", "at"), [self.raise_(one) for one in found])

    def raise_(self, one: RaisedCase) -> tuple[str, ...]:
        asked, move = self.asked(one.level, one.department), label(self.locale, one.kind, "move", one.move)
        by = label(self.locale, "", "role", one.by) if one.by == SYSTEM else one.by
        return asked, one.number, move, by, self.time(one.at)

    def team(self, code: str | None) -> str:
        return department(self.locale, code)

    def departments(self) -> Iterator[str]:
        """Yield the departments: overdue cases, breaches of the day and the week, and timers due today."""
        report = self.report
        due = {
            code: sum(one.department == code for one in report.today) for code in {p.department for p in report.today}
        }
        yield from self.title("overdue", report.overdue.total())
        codes = sorted({*report.overdue, *report.broken, *due}, key=lambda code: (-report.overdue[code], code))
        trends = {code: report.broken.get(code, NO_TREND) for code in codes}
        rows = [
            (self.team(code), str(report.overdue[code]), str(trend.day), f"{trend.week:g}", str(due.get(code, 0)))
            for code, trend in trends.items()
        ]
        yield from self.listed(("department", "cases", "day", "week", "today"), rows)

    def today(self) -> Iterator[str]:
        found = self.report.today
        yield from self.title("today", len(found))
        rows = [
            (
                self.time(one.due_at),
                one.number,
                label(self.locale, one.kind, "clause", one.clause),
                waits_for(self.locale, one.kind, one.state, one.owner),
                self.team(one.department),
            )
            for one in found
        ]
        yield from self.listed(("until", "case", "promise", "waits_for", "department"), rows)

    def callbacks(self) -> Iterator[str]:
        planned = self.report.callbacks
        yield from self.title("callbacks", len(planned))
        rows = [(self.time(at), number, str(attempt)) for number, attempt, at in planned]
        yield from self.listed(("planned", "case", "attempt"), rows)
        if planned and self.report.callers:
            shares = sorted(self.report.callers.items())
            by = ", ".join(f"{owner or self.translate('nobody_calls')} {count}" for owner, count in shares)
            yield from ("", self.translate("callers", by=by))

    def trends(self) -> Iterator[str]:
        yield from ("", f"## {self.translate('trends')}", "")
        rows = [(self.translate(f"trend.{name}"), str(t.day), f"{t.week:g}") for name, t in self.report.trends.items()]
        yield from self.listed(("figure", "day", "week"), rows)
        within = ", ".join(f"{span}: {count}" for span, count in self.report.resolved_within.items())
        yield from ("", self.translate("resolved_within", within=within))

    def board(self) -> Iterator[str]:
        yield from ("", f"## {self.translate('board', count=self.report.board.total(), cases=self.report.cases)}", "")
        yield from milestones(self.report.board, self.locale)

    def unwatched(self) -> Iterator[str]:
        """Yield the open cases without an open timer: nobody would be reminded of them."""
        found = self.report.unwatched
        if found:
            yield from self.title("unwatched", len(found))
            rows = [(number, self.team(code), self.time(at)) for number, code, at in found]
            yield from self.listed(("case", "department", "touched"), rows)

    def lived(self) -> Iterator[str]:
        if self.report.lived:
            yield from ("", f"## {self.translate('lived')}")
            yield from discovered_model.section(self.report.lived, self.locale)
