"""Renders the morning report as Markdown in the reader's language; ids only, no personal data."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from flows.figures import Late
from flows.morning_report import Health, MorningReport
from flows.wording import label, say, when
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Milestone

SHOWN = 30
"""Rows a list shows before it says how many more there are."""


def render(report: MorningReport, locale: str) -> str:
    """The whole report."""
    return "\n".join(_Page(report, locale).lines()) + "\n"


class _Page:
    def __init__(self, report: MorningReport, locale: str) -> None:
        self.report, self.locale = report, locale

    def say(self, key: str, /, **params: object) -> str:
        return say(self.locale, f"report.{key}", **params)

    def time(self, instant: datetime) -> str:
        return when(instant, "%m-%d %H:%M")

    def lines(self) -> Iterator[str]:
        report = self.report
        yield f"# {self.say('title', day=when(report.at, '%Y-%m-%d'))}"
        yield ""
        yield self.say("summary", cases=report.cases, late=len(report.became_late), climbed=len(report.climbed))
        yield from self.health(report.health)
        yield from self.rungs("became_late", report.became_late)
        yield from self.rungs("climbed", report.climbed)
        yield from self.departments()
        yield from self.unwatched()
        yield from self.board()
        yield from self.callbacks()
        yield from self.trends()

    def health(self, health: Health) -> Iterator[str]:
        yield from ("", f"## {self.say('health')}", "")
        last = self.time(health.last_night) if health.last_night else "–"
        yield f"- {self.say('healthy' if health.ok else 'unhealthy', last=last)}"
        if health.missed_night:
            yield f"- {self.say('missed_night', last=last)}"
        if health.unseen.begin and health.unseen.end:
            begin, end = self.time(health.unseen.begin), self.time(health.unseen.end)
            yield f"- {self.say('unseen', count=health.unseen.count, begin=begin, end=end)}"
        if health.history:
            yield f"- {self.say('history', count=health.history)}"
        if health.refused_arrivals:
            yield f"- {self.say('refused_arrivals', count=health.refused_arrivals)}"
        for one in health.dead[:SHOWN]:
            yield f"- {self.say('dead', number=one.number, reaction=one.reaction, error=one.error or '–')}"

    def rungs(self, key: str, late: list[Late]) -> Iterator[str]:
        yield from ("", f"## {self.say(key, count=len(late))}", "")
        if not late:
            yield self.say("none")
            return
        yield from self.table(
            ("case", "promise", "percent", "level", "due", "department", "owner"),
            (
                (
                    one.number,
                    label(self.locale, one.kind, "clause", one.clause),
                    f"{one.percent} %",
                    label(self.locale, one.kind, "level", str(one.level)),
                    self.time(one.due_at),
                    self.department(one.department),
                    one.owner or "–",
                )
                for one in late[:SHOWN]
            ),
        )
        if len(late) > SHOWN:
            yield from ("", self.say("more", count=len(late) - SHOWN))

    def department(self, code: str | None) -> str:
        return say(self.locale, f"department.{code}").removeprefix("department.") if code else "–"

    def departments(self) -> Iterator[str]:
        overdue = self.report.overdue
        yield from ("", f"## {self.say('overdue', count=overdue.total())}", "")
        if not overdue:
            yield self.say("none")
            return
        rows = sorted(overdue.items(), key=lambda item: (-item[1], item[0]))
        yield from self.table(("department", "cases"), ((self.department(name), str(n)) for name, n in rows))

    def unwatched(self) -> Iterator[str]:
        """Open cases that no clock watches: nobody would be reminded of them."""
        found = self.report.unwatched
        if not found:
            return
        yield from ("", f"## {self.say('unwatched', count=len(found))}", "")
        rows = ((number, self.department(code), self.time(at)) for number, code, at in found[:SHOWN])
        yield from self.table(("case", "department", "touched"), rows)
        if len(found) > SHOWN:
            yield from ("", self.say("more", count=len(found) - SHOWN))

    def board(self) -> Iterator[str]:
        yield from ("", f"## {self.say('board', count=self.report.board.total())}", "")
        if not self.report.board:
            yield self.say("none")
            return
        spine = [one for one in Milestone if one is not Milestone.ARCHIVED]
        heads = [label(self.locale, "", "milestone", one) for one in spine]
        yield "| " + " | ".join([self.say("column.kind"), self.say("column.level"), *heads]) + " |"
        yield "|" + " --- |" * (len(heads) + 2)
        for kind in sorted(lifecycles()):
            for level in range(4):
                counts = [self.report.board[kind, one.value, level] for one in spine]
                if any(counts):
                    names = [label(self.locale, "", "kind", kind), label(self.locale, "", "level", str(level))]
                    yield "| " + " | ".join([*names, *map(str, counts)]) + " |"

    def callbacks(self) -> Iterator[str]:
        planned = self.report.callbacks
        yield from ("", f"## {self.say('callbacks', count=len(planned))}", "")
        rows = ((number, str(attempt), self.time(at)) for number, attempt, at in planned[:SHOWN])
        if not planned:
            yield self.say("none")
            return
        yield from self.table(("case", "attempt", "planned"), rows)
        if len(planned) > SHOWN:
            yield from ("", self.say("more", count=len(planned) - SHOWN))

    def trends(self) -> Iterator[str]:
        yield from ("", f"## {self.say('trends')}", "")
        rows = ((self.say(f"trend.{name}"), str(t.day), f"{t.week:g}") for name, t in self.report.trends.items())
        yield from self.table(("figure", "day", "week"), rows)
        within = ", ".join(f"{span}: {count}" for span, count in self.report.resolved_within.items())
        yield from ("", self.say("resolved_within", within=within))

    def table(self, columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
        heads = [self.say(f"column.{name}") for name in columns]
        yield "| " + " | ".join(heads) + " |"
        yield "|" + " --- |" * len(heads)
        yield from ("| " + " | ".join(row) + " |" for row in rows)
