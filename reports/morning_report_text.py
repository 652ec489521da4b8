"""Renders the morning report as Markdown in the reader's language; ids only, no personal data."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.actors import SYSTEM
from locales.translation import label, translate, when
from reports import day_forecast_text, discovered_model, night_health_text, overdue_text
from reports.board import RunningTimer
from reports.day_figures import RaisedCase
from reports.duty_text import alert_texts
from reports.figures import Trend
from reports.markdown import BOARD, CALLBACKS, LEDGER, SHOWN, department, link, table, waits_for
from reports.morning_report import MorningReport, by_department

LINKED = (LEDGER, BOARD, CALLBACKS, "complaint-analysis")
NO_TREND = Trend(0, 0.0)


def render(report: MorningReport, locale: str, *, linked: bool = False) -> str:
    """Render the whole report; ``linked`` adds links and pictures, for the Prefect UI."""
    return "\n".join(_Page(report, locale, linked).lines()) + "\n"


def summary(report: MorningReport, locale: str) -> str:
    """Render the report in one sentence."""
    cases = report.overdue_cases
    params = {
        "overdue": len(cases),
        "managers": sum(case.with_manager for case in cases),
        "late": report.did,
        "met": report.dealt_with,
        "today": len(report.today),
        "calls": len(report.callbacks),
    }
    return translate(locale, "report.summary", **params)


class _Page:
    def __init__(self, report: MorningReport, locale: str, linked: bool) -> None:
        self.report, self.locale, self.linked = report, locale, linked
        self.cases = report.overdue_cases

    def translate(self, key: str, /, **params: object) -> str:
        return translate(self.locale, f"report.{key}", **params)

    def lines(self) -> Iterator[str]:
        """Yield first the cases that a person acts on, then the figures, then the system's own work."""
        yield from self.head()
        if self.cases:
            yield from overdue_text.section(self.cases, self.report.at, self.locale)
        yield from self.today()
        yield from day_forecast_text.section(self.report.forecast, self.report.forecast_before, self.locale)
        yield from self.raised()
        yield from self.alerts()
        yield from self.unwatched()
        yield from self.callbacks()
        yield from self.departments()
        yield from self.figures()
        yield from night_health_text.section(self.report.health, self.locale)
        if self.linked:
            yield from self.lived()

    def head(self) -> Iterator[str]:
        report = self.report
        yield f"# {self.translate('title', day=when(report.at, '%Y-%m-%d'))}"
        yield from ("", summary(report, self.locale))
        last = when(report.health.last_night, "%m-%d %H:%M") if report.health.last_night else "–"
        troubles = len(list(night_health_text.troubles(report.health, self.locale)))
        if troubles:
            yield self.translate("unhealthy", count=troubles, last=last)
        elif self.cases or report.unwatched:
            yield self.translate("people", last=last)
        else:
            yield self.translate("healthy", last=last)
        if self.linked:
            yield from ("", " · ".join(link(self.locale, key) for key in LINKED))

    def section(self, key: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
        """Yield a table with its title, and how many rows it leaves out; nothing where there are no rows."""
        if not rows:
            return
        yield from ("", f"## {self.translate(key, count=len(rows))}", "")
        yield from table([self.translate(f"column.{name}") for name in columns], rows[:SHOWN])
        if len(rows) > SHOWN:
            yield from ("", self.translate("more", count=len(rows) - SHOWN))

    def today(self) -> Iterator[str]:
        """Yield the cases of which a promise falls due today, unless they are overdue: one line each."""
        listed = {case.worst.number for case in self.cases}
        by_case: dict[str, list[RunningTimer]] = defaultdict(list)
        for timer in self.report.today:
            if timer.number not in listed:
                by_case[timer.number].append(timer)
        rows = [self.due(timers) for timers in by_case.values()]
        yield from self.section("today", ("until", "case", "promise", "waits_for", "department"), rows)

    def due(self, timers: list[RunningTimer]) -> tuple[str, ...]:
        first, others = timers[0], len(timers) - 1
        promise = label(self.locale, first.kind, "clause", first.clause) + (f" +{others}" if others else "")
        waits = waits_for(self.locale, first.kind, first.state, first.owner)
        return self.time(first.due_at), first.number, promise, waits, self.team(first.department)

    def raised(self) -> Iterator[str]:
        """Yield the cases raised by a person, or by a dissatisfied customer in another round, unless overdue."""
        listed = {case.worst.number for case in self.cases}
        rows = [self.raise_(case) for case in self.report.raised if case.number not in listed]
        yield from self.section("raised", ("asked", "case", "done", "by", "at"), rows)

    def raise_(self, case: RaisedCase) -> tuple[str, ...]:
        move = label(self.locale, case.kind, "move", case.move)
        by = label(self.locale, "", "role", case.by) if case.by == SYSTEM else case.by
        asked = overdue_text.role_and_people(case.role, case.asked, case.vacant, self.locale)
        return asked, case.number, move, by, self.time(case.at)

    def alerts(self) -> Iterator[str]:
        """Yield the alerts to whoever was on duty, and what became of each."""
        rows = [(alert.number, *alert_texts(alert, self.locale)) for alert in self.report.alerts]
        yield from self.section("duty_alerts", ("case", "level", "alerted", "at", "answer"), rows)

    def unwatched(self) -> Iterator[str]:
        """Yield the open cases that no timer watches or nobody touches: one line for each department."""
        by_team = by_department(self.report.unwatched)
        if by_team:
            yield from ("", f"## {self.translate('unwatched', count=len(self.report.unwatched))}", "")
        for code, cases in by_team.items():
            shown = ", ".join(cases)  # all of them: nothing else names them
            yield f"- {self.translate('unwatched_in', team=self.team(code), count=len(cases), numbers=shown)}"

    def callbacks(self) -> Iterator[str]:
        count = len(self.report.callbacks)
        if count:
            shares = sorted(self.report.callers.items())
            by = ", ".join(f"{owner or self.translate('nobody_calls')} {number}" for owner, number in shares)
            yield from ("", self.translate("callers", count=count, by=by))

    def departments(self) -> Iterator[str]:
        """Yield the departments: overdue cases, breaches of the day and the week, and timers due today."""
        report, overdue = self.report, self.report.overdue_by_department
        due = Counter(timer.department for timer in report.today)
        codes = sorted({*overdue, *report.broken, *due}, key=lambda code: (-overdue[code], code))
        rows = [
            (self.team(code), str(overdue[code]), str(trend.day), f"{trend.week:g}", str(due[code]))
            for code, trend in ((code, report.broken.get(code, NO_TREND)) for code in codes)
        ]
        yield from self.section("departments", ("department", "cases", "day", "week", "today"), rows)

    def figures(self) -> Iterator[str]:
        """Yield the counts of the day against the week before, and of the open cases, a line each."""
        counts = (
            self.translate("trend", figure=self.translate(f"trend_of.{name}"), day=trend.day, week=f"{trend.week:g}")
            for name, trend in self.report.trends.items()
        )
        yield from ("", self.translate("trends", counts=self.translate("and").join(counts)))
        within = ", ".join(f"{span} {count}" for span, count in self.report.resolved_within.items())
        kinds = Counter[str]()
        for (kind, _, _), count in self.report.board.items():
            kinds[kind] += count
        by_kind = ", ".join(f"{label(self.locale, '', 'kind', kind)} {count}" for kind, count in kinds.most_common())
        params = {"count": self.report.board.total(), "cases": self.report.cases, "kinds": by_kind or "–"}
        yield from ("", self.translate("board", **params), self.translate("resolved_within", within=within))

    def lived(self) -> Iterator[str]:
        models = tuple(model for model in self.report.lived if discovered_model.branches(model))
        if models:
            yield from ("", f"## {self.translate('lived')}")
            yield from discovered_model.section(models, self.locale)

    def team(self, code: str | None) -> str:
        return department(self.locale, code)

    def time(self, instant: datetime) -> str:
        return when(instant, "%m-%d %H:%M")
