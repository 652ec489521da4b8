"""Commands about duty (B11): duty import, show, swap, gaps, alerts, acknowledge, groups, test-group."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.alert_groups import groups_named, send_test
from apps.cli.context import As, FileEncoding, Json, cli, instant, table
from apps.cli.current_rules import day
from apps.cli.number_options import whole_option
from apps.cli.problem_text import note_lines, notes_document, problem_text
from apps.duty_documents import (
    ALERT_COLUMNS,
    COLUMNS,
    alert_document,
    alert_row,
    duty_text,
    turn_document,
    turn_row,
    until_text,
)
from apps.principal_duty import (
    alert_acknowledged,
    alerts_seen,
    duty_seen,
    posts_known,
    roster_recorded,
    swap_recorded,
)
from engine.duty.gaps import Turn
from engine.duty.record import GivenRoster
from engine.duty.roster import Swap
from engine.rules.in_force import rules_of
from gateways.duty_calendars import SUFFIXES, OfPost, calendar_shifts
from gateways.duty_tables import table_shifts
from gateways.groups import GroupFailed
from gateways.problems import Notes, Unreadable
from models.shifts import HOUSE, ReadShifts
from statemachines.refused import Refused
from statemachines.roles import TOP_LEVEL

duty = typer.Typer(no_args_is_help=True)

ValidFrom = Annotated[str | None, typer.Option("--valid-from", metavar="YYYY-MM-DD")]
CalendarName = Annotated[str, typer.Option()]
DepartmentCode = Annotated[str | None, typer.Option()]
Level = Annotated[int, whole_option(least=0, most=TOP_LEVEL)]
At = Annotated[str | None, typer.Option()]
Since = Annotated[str | None, typer.Option("--from")]
Until = Annotated[str, typer.Option()]
Reason = Annotated[str, typer.Option()]
Days = Annotated[int, whole_option(least=1, most=92)]


@duty.command("import")
def import_(
    file: Path, valid_from: ValidFrom = None, calendar: CalendarName = "cn-office", department: DepartmentCode = None,
    level: Level = 1, as_: As = None, encoding: FileEncoding = None, json: Json = False,
) -> None:  # fmt: skip
    """Record a duty roster from a table (CSV, XLSX) or a calendar (ICS): all of it, or nothing."""
    store, at, notes = cli.store, cli.working_time(), Notes()
    begins: date | None = day(valid_from) if valid_from else None
    try:
        read = _read(file, calendar, department or HOUSE, level, at, notes)
    except Unreadable as error:
        problems = list(map(problem_text, error.problems))
        raise Refused("bad_roster", file=file.name, count=len(problems), problems=problems) from None
    given = GivenRoster(read.shifts, calendar, file.name, begins, read.until)
    recorded = roster_recorded(store, cli.principal(as_), given, at)
    document = {
        "number": recorded.number, "valid_from": recorded.valid_from, "shifts": recorded.shifts, "new": recorded.new,
        "until": read.until, **notes_document(notes.kept, notes.count),
    }  # fmt: skip
    params = {"count": recorded.shifts, "number": recorded.number, "valid_from": recorded.valid_from}
    text = duty_text(cli.locale, "recorded" if recorded.new else "again", **params)
    until = [until_text(cli.locale, read.until)] if read.until is not None else []
    cli.give(document, text, *until, *note_lines(notes.kept, notes.count))


def _read(file: Path, calendar: str, department: str, level: int, at: datetime, notes: Notes) -> ReadShifts:
    known = posts_known(cli.store)
    if file.suffix.lower() in SUFFIXES:
        zone = rules_of(cli.store).calendar(calendar).zone
        return calendar_shifts(file, OfPost(department, level, zone), known, at)
    return table_shifts(file, known, cli.encoding, notes.add)


@duty.command()
def show(at: At = None, days: Days = 7, as_: As = None, json: Json = False) -> None:
    """Who is on duty now, or at an instant, and in the days after it."""
    then = instant(at) if at else cli.store.now()
    plan = duty_seen(cli.store, cli.principal(as_), then, days)
    document = {
        "at": plan.at, "until": plan.until, "now": list(map(turn_document, plan.now)),
        "turns": list(map(turn_document, plan.turns)),
    }  # fmt: skip
    shown = [_table("now", plan.now), _table("turns", list(plan.turns), days=days)]
    cli.give(document, *(shown if plan.turns else [duty_text(cli.locale, "none")]))


@duty.command()
def swap(
    person: str, stand_in: str, until: Until, reason: Reason, since: Since = None, department: DepartmentCode = None,
    level: Level = 1, as_: As = None, json: Json = False,
) -> None:  # fmt: skip
    """Let somebody stand in for another one for a while; to swap back, swap the other way round."""
    at = cli.working_time()
    starts_at = instant(since) if since else at
    given = Swap(department or HOUSE, level, person, stand_in, starts_at, instant(until))
    new = swap_recorded(cli.store, cli.principal(as_), given, reason, at)
    document = {"person": person, "stand_in": stand_in, "from": starts_at, "until": given.ends_at, "new": new}
    text = duty_text(cli.locale, "swapped" if new else "swapped_again", person=person, stand_in=stand_in)
    cli.give(document, text)


@duty.command()
def gaps(days: Days = 14, as_: As = None, json: Json = False) -> None:
    """The times at which nobody is on duty who should be."""
    plan = duty_seen(cli.store, cli.principal(as_), cli.store.now(), days)
    document = {"at": plan.at, "until": plan.until, "gaps": list(map(turn_document, plan.gaps))}
    shown = _table("gaps", plan.gaps, days=days) if plan.gaps else duty_text(cli.locale, "no_gaps", days=days)
    cli.give(document, shown if plan.turns else duty_text(cli.locale, "none"))


def _table(title: str, turns: list[Turn], **params: Any) -> Any:
    columns = [duty_text(cli.locale, f"column.{name}") for name in COLUMNS]
    return table(duty_text(cli.locale, title, **params), columns, [turn_row(cli.locale, turn) for turn in turns])


@duty.command()
def alerts(as_: As = None, json: Json = False) -> None:
    """The alerts that await an answer from whoever is on duty."""
    found = alerts_seen(cli.store, cli.principal(as_), cli.store.now())
    columns = [duty_text(cli.locale, f"alert.{name}") for name in ALERT_COLUMNS]
    rows = [alert_row(cli.locale, alert) for alert in found]
    shown = table(duty_text(cli.locale, "alerts"), columns, rows) if rows else duty_text(cli.locale, "no_alerts")
    cli.give({"alerts": list(map(alert_document, found))}, shown)


@duty.command()
def acknowledge(number: str, as_: As = None, json: Json = False) -> None:
    """Acknowledge the alerts of a case: they climb no further."""
    at = cli.working_time()
    count = alert_acknowledged(cli.store, cli.principal(as_), number, at)
    text = duty_text(cli.locale, "acknowledged" if count else "acknowledged_again", number=number)
    cli.give({"number": number, "acknowledged": count}, text)


@duty.command("groups")
def groups(json: Json = False) -> None:
    """The groups of messengers that are alerted, from the file groups.toml in the home; never their addresses."""
    found = groups_named(cli.settings.where, cli.locale)
    names = ("name", "provider", "alerts", "departments", "levels", "fallback")
    columns = [cli.translate(f"group.column.{name}") for name in names]
    documents = [each.model_dump(mode="json", exclude={"address_file", "secret_file"}) for each in found]
    rows = [[_cell(document[name]) for name in names] for document in documents]
    shown = table(cli.translate("group.title"), columns, rows) if rows else cli.translate("group.none")
    cli.give({"groups": documents}, shown)


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) or "*" if isinstance(value, list) else str(value)


@duty.command("test-group")
def try_group(name: str, as_: As = None, json: Json = False) -> None:
    """Send a test to a group now, and say what its provider answers."""
    at, principal = cli.working_time(), cli.principal(as_)
    known = {each.name: each for each in groups_named(cli.settings.where, cli.locale)}
    if name not in known:
        raise Refused("unknown_alert_group", name=name, known=", ".join(known) or "–")
    try:
        answer = send_test(cli.settings, cli.store, principal, known[name], at)
    except GroupFailed as failed:
        raise Refused("group_failed", name=name, answer=failed.code) from None
    cli.give({"name": name, "answer": answer}, cli.translate("group.sent", name=name, answer=answer))
