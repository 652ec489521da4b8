"""Says what an act changed about a case: its level, department, owner and deadlines, for whoever acted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.rules.in_force import rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from locales.translation import label, translate
from models.columns import from_micros

CASE = "SELECT id, kind, level, department, owner FROM cases WHERE number = :number"
TIMERS = """
SELECT clause, occurrence, unit, calendar, allowance, consumed, running_since FROM timer
 WHERE case_id = :case_id AND closed_at IS NULL ORDER BY id
"""
NONE = "–"


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case as it stands. ``deadlines`` are by clause and occurrence; None is the deadline of a paused timer."""

    kind: str
    level: int
    department: str | None
    owner: str | None
    deadlines: Mapping[tuple[str, int], datetime | None]


def standing_of(store: Store, number: str) -> CaseStanding | None:
    """Return how a case stands now; None if there is no such case."""
    with store.looking() as tx:
        case = tx.row(CASE, number=number)
        if case is None:
            return None
        rules = rules_in(tx)
        deadlines: dict[tuple[str, int], datetime | None] = {}
        for row in tx.rows(TIMERS, case_id=case.id):
            since, left = row.running_since, row.allowance - row.consumed
            due = None if since is None else falls_due(row.unit, rules.calendar(row.calendar), since, left)
            deadlines[row.clause, row.occurrence] = None if due is None else from_micros(due)
        return CaseStanding(case.kind, case.level, case.department, case.owner, deadlines)


def changes(before: CaseStanding, after: CaseStanding, locale: str, zone: ZoneInfo) -> list[str]:
    """Return one phrase for each thing that changed: “Level: team supervisor → department manager”."""
    return [
        translate(locale, "act.change", what=what, before=was, after=now)
        for what, was, now in _changed(before, after, locale, zone)
        if was != now
    ]


def _changed(before: CaseStanding, after: CaseStanding, locale: str, zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    kind = after.kind
    for sort in ("level", "department"):
        was, now = getattr(before, sort), getattr(after, sort)
        yield translate(locale, f"cli.column.{sort}"), _label(locale, kind, sort, was), _label(locale, kind, sort, now)
    yield translate(locale, "cli.column.owner"), before.owner or NONE, after.owner or NONE
    for key in after.deadlines:
        clause, occurrence = key
        name = label(locale, kind, "clause", clause)
        if occurrence > 1:
            name = translate(locale, "cli.desk.turn", clause=name, turn=occurrence)
        was = _due(locale, before.deadlines[key], zone) if key in before.deadlines else NONE
        yield name, was, _due(locale, after.deadlines[key], zone)


def _label(locale: str, kind: str, sort: str, value: object) -> str:
    return NONE if value is None else label(locale, kind, sort, str(value))


def _due(locale: str, due: datetime | None, zone: ZoneInfo) -> str:
    return translate(locale, "story.resting") if due is None else f"{due.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
