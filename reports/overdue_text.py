"""Renders the overdue cases, a line each, under the people who are asked to act: as Markdown and as rows of a page."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from locales.translation import label, translate, when
from reports.markdown import SHOWN, table
from reports.overdue import OverdueCase
from statemachines.roles import Role

NAMED = 2_000
"""How many cases a page names; of those past ``SHOWN`` it gives only the numbers."""
COLUMNS = ("case", "promise", "late", "whose", "last_move")


@dataclass(frozen=True, slots=True)
class OverdueGroup:
    """The cases for which the same people are asked: a row of ``COLUMNS`` for each, of ``others`` only the numbers."""

    asked: str
    rows: list[tuple[str, ...]]
    others: list[str]

    @property
    def count(self) -> int:
        """How many cases they are."""
        return len(self.rows) + len(self.others)

    def heading(self, locale: str) -> str:
        """Return who is asked, and for how many cases."""
        return translate(locale, "overdue.group", asked=self.asked, count=self.count)

    def not_shown(self, locale: str) -> str:
        """Return the numbers of the cases without a row."""
        return translate(locale, "overdue.others", numbers=" ".join(self.others))


def groups(cases: Sequence[OverdueCase], at: datetime, locale: str, shown: int = SHOWN) -> list[OverdueGroup]:
    """Return the first ``NAMED`` cases by whom they ask, in the order of the cases; the first ``shown`` have a row."""
    found = list[OverdueGroup]()
    for group in _grouped(cases[:NAMED]):
        worst = group[0][1].worst
        asked = role_and_people(worst.role, worst.asked, worst.vacant, locale)
        rows = [_row(case, at, locale) for place, case in group if place < shown]
        found.append(OverdueGroup(asked, rows, [case.worst.number for place, case in group if place >= shown]))
    return found


def section(cases: Sequence[OverdueCase], at: datetime, locale: str) -> Iterator[str]:
    """Yield the section "Still overdue": a table for each role and the people who hold it, the highest level first."""
    yield from ("", f"## {title(cases, locale)}")
    for group in groups(cases, at, locale):
        yield from ("", f"### {group.heading(locale)}", "")
        if group.rows:
            yield from table(headings(locale), group.rows)
        if group.others:
            yield from (*([""] if group.rows else []), group.not_shown(locale))
    if text := remark(cases, locale):
        yield from ("", text)


def title(cases: Sequence[OverdueCase], locale: str) -> str:
    """Return the heading of the section, with the number of cases."""
    return translate(locale, "overdue.title", count=len(cases))


def headings(locale: str) -> list[str]:
    """Return the headings of ``COLUMNS``."""
    return [translate(locale, f"overdue.column.{name}") for name in COLUMNS]


def remark(cases: Sequence[OverdueCase], locale: str) -> str:
    """Return that no case is overdue, or how many are not named; empty if all are named."""
    if not cases:
        return translate(locale, "overdue.none")
    return translate(locale, "overdue.more", count=len(cases) - NAMED) if len(cases) > NAMED else ""


def _grouped(cases: Sequence[OverdueCase]) -> Iterator[list[tuple[int, OverdueCase]]]:
    """Group the cases, each with its place, by whom they ask; the groups and their cases keep the order."""
    groups: dict[Any, list[tuple[int, OverdueCase]]] = defaultdict(list)
    for place, case in enumerate(cases):
        groups[case.worst.role, case.worst.asked, case.worst.vacant].append((place, case))
    yield from groups.values()


def role_and_people(role: Role, asked: Sequence[str], vacant: Sequence[Role], locale: str) -> str:
    """Return a role and who holds it, or that nobody does; and in whose stead it is asked."""
    people = ", ".join(asked) or translate(locale, "overdue.nobody")
    return f"{label(locale, '', 'role', role)} · {people}{instead_of(vacant, locale)}"


def instead_of(vacant: Sequence[Role], locale: str) -> str:
    """Return a note on the roles to ask first that nobody fills now; empty if there are none."""
    if not vacant:
        return ""
    roles = translate(locale, "overdue.and").join(label(locale, "", "role", role) for role in vacant)
    return translate(locale, "overdue.instead_of", vacant=roles)


def late(overdue_for: timedelta, locale: str) -> str:
    """Return for how long a promise has been overdue, in days and hours, in hours, or in minutes: 13 d 4 h."""
    hours, rest = divmod(overdue_for, timedelta(hours=1))
    if hours >= 24:
        return translate(locale, "overdue.late.days", days=hours // 24, hours=hours % 24)
    if hours:
        return translate(locale, "overdue.late.hours", hours=hours)
    return translate(locale, "overdue.late.minutes", minutes=rest // timedelta(minutes=1))


def _row(case: OverdueCase, at: datetime, locale: str) -> tuple[str, ...]:
    worst = case.worst
    promise = label(locale, worst.kind, "clause", worst.clause)
    if len(case.promises) > 1:
        promise = f"{promise} +{len(case.promises) - 1}"
    if worst.paused:
        promise = f"{promise} {translate(locale, 'overdue.paused')}"
    overdue_for = late(worst.late(at), locale)
    return worst.number, promise, overdue_for, _whose(case, locale), _last_move(case, at, locale)


def _whose(case: OverdueCase, locale: str) -> str:
    """Return severity and customer type, as far as they are known."""
    traits = (("severity", case.worst.severity), ("customer_type", case.worst.customer_type))
    return translate(locale, "overdue.and").join(label(locale, "", sort, code) for sort, code in traits if code) or "–"


def _last_move(case: OverdueCase, at: datetime, locale: str) -> str:
    """Return when who did what last, or that no person has acted yet."""
    worst = case.worst
    if worst.last_human_at is None or worst.last_human_move is None:
        return translate(locale, "overdue.untouched")
    today = when(worst.last_human_at, "%Y-%m-%d") == when(at, "%Y-%m-%d")
    move = label(locale, worst.kind, "move", worst.last_human_move)
    when_acted = when(worst.last_human_at, "%H:%M" if today else "%m-%d")
    return translate(locale, "overdue.acted", at=when_acted, by=worst.last_human_by or "–", move=move)
