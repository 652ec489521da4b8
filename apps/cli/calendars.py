"""Commands about working calendars: calendar list, show, preview, publish, import, override."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli, local, table
from apps.cli.current_rules import CurrentRules, current_rules, day, edition_document, give_published
from apps.cli.number_options import whole_option
from apps.cli.rule_preview import preview_calendar
from apps.cli.text_files import read_file
from engine.calendars.calendar import Calendar
from engine.calendars.calendar_table import WEEKDAYS, Hours, end_text
from engine.rules.editions import EditionRow
from engine.rules.in_force import Sort
from engine.rules.publishing import import_years
from engine.rules.publishing import override as override_days
from engine.rules.publishing import publish as publish_text
from locales.translation import translate
from models.columns import from_micros

calendar = typer.Typer(
    no_args_is_help=True,
)

Year = Annotated[int | None, whole_option(least=1, most=9999)]
Off = Annotated[list[str] | None, typer.Option()]
Worked = Annotated[list[str] | None, typer.Option()]
OwnHours = Annotated[
    list[str] | None,
    typer.Option("--hours"),
]
Why = Annotated[str, typer.Option()]
WhyImport = Annotated[str | None, typer.Option()]


@calendar.command("list")
def list_(json: Json = False) -> None:
    """The calendars, their zones, versions and the last day whose holidays are known."""
    current = current_rules()
    calendars = [current.rules.calendar(name) for name in current.rules.names(Sort.CALENDAR)]
    rows = [(each.name, each.zone.key, _hours(each), each.version, _until(each)) for each in calendars]
    columns = _columns("calendar", "zone", "hours", "version", "covered_until")
    cli.give({"calendars": [_document(each, current) for each in calendars]}, table(_text("title"), columns, rows))


@calendar.command()
def show(name: str, year: Year = None, json: Json = False) -> None:
    """What a calendar says, and its published editions."""
    current = current_rules()
    calendar_, editions = current.rules.calendar(name), current.editions(Sort.CALENDAR, name)
    days = list(_days(calendar_, year))
    keys = ("day", "sort")
    document = {
        **_document(calendar_, current),
        "weekdays": calendar_.weekdays,
        "hours": _pairs(calendar_.hours),
        "weekday_hours": {WEEKDAYS[number]: _pairs(hours) for number, hours in calendar_.weekday_hours},
        "exceptions": {str(date_): _pairs(hours) for date_, hours in calendar_.exceptions},
        "days": [dict(zip(keys, entry, strict=True)) for entry in days],
        "editions": [edition_document(edition) for edition in editions],
    }
    rows = [
        (_text("zone"), calendar_.zone.key),
        (_text("week"), " ".join(translate(cli.locale, f"weekday.{number}") for number in calendar_.weekdays) or "–"),
        (_text("hours"), _hours(calendar_)),
        *((translate(cli.locale, f"weekday.{number}"), _shown(hours)) for number, hours in calendar_.weekday_hours),
        *((str(date_), _shown(hours) or _text("closed")) for date_, hours in calendar_.exceptions),
        (_text("known"), _until(calendar_)),
    ]
    shown = [table(f"{name} · {calendar_.version}", ("", ""), rows)]
    if year is not None:
        rows = [(f"{date_} {translate(cli.locale, f'weekday.{date_.weekday()}')}", _kind(sort)) for date_, sort in days]
        shown.append(table(str(year), _columns("day", "sort"), rows))
    cli.give(document, *shown, *_history(editions))


calendar.command("preview")(preview_calendar)


@calendar.command()
def publish(file: Path, reason: Why, encoding: FileEncoding = None, as_: As = None, json: Json = False) -> None:
    """Publish a whole calendar from a file; it holds from now on."""
    store, by = cli.store, cli.actor(as_)
    at = cli.working_time()
    give_published(publish_text(store, Sort.CALENDAR, read_file(file), by, at, at, reason, file.name))


@calendar.command("import")
def import_(
    name: str,
    file: Path,
    reason: WhyImport = None,
    encoding: FileEncoding = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Take the holidays and make-up days of published years into a calendar."""
    store, by = cli.store, cli.actor(as_)
    text, reason = read_file(file), reason if reason is not None else file.name
    give_published(import_years(store, name, text, by, cli.working_time(), reason, file.name))


@calendar.command()
def override(
    name: str,
    reason: Why,
    off: Off = None,
    worked: Worked = None,
    hours: OwnHours = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Rule single days otherwise than they were published: off, worked, or with hours of their own."""
    store, by = cli.store, cli.actor(as_)
    days_off, days_worked = [day(text) for text in off or ()], [day(text) for text in worked or ()]
    own_hours = dict(_own_hours(text) for text in hours or ())
    give_published(override_days(store, name, days_off, days_worked, by, cli.working_time(), reason, own_hours))


def _own_hours(text: str) -> tuple[str, list[list[str]]]:
    """Parse ``2026-12-24=08:00-12:00,13:00-15:00``; the calendar checks the hours. Raises ``Refused('bad_day')``."""
    date_, _, intervals = text.partition("=")
    return str(day(date_)), [interval.split("-") for interval in intervals.split(",") if interval]


def _document(calendar_: Calendar, current: CurrentRules) -> dict[str, Any]:
    return {
        "name": calendar_.name,
        "zone": calendar_.zone.key,
        "version": calendar_.version,
        "covered_until": calendar_.covered_until,
        "published": current.rules.in_force(Sort.CALENDAR, calendar_.name) is not None,
    }


def _days(calendar_: Calendar, year: int | None) -> Iterator[tuple[date, str]]:
    """Yield the days of a year that differ from the plain week, and how."""
    holidays = calendar_.holidays
    if holidays is None or year is None:
        return
    for each in sorted(holidays.off | holidays.worked):
        if each.year == year:
            yield each, "worked" if each in holidays.worked else "off"


def _kind(sort: str) -> str:
    return cli.translate("deadline.made_up" if sort == "worked" else "deadline.holiday")


def _hours(calendar_: Calendar) -> str:
    return _shown(calendar_.hours) or _text("always")


def _shown(hours: Hours) -> str:
    return ", ".join(f"{begin}–{end}" for begin, end in _pairs(hours))


def _pairs(hours: Hours) -> list[tuple[str, str]]:
    return [(f"{begin:%H:%M}", end_text(end)) for begin, end in hours]


def _until(calendar_: Calendar) -> str:
    return str(calendar_.covered_until) if calendar_.covered_until else _text("none_asked")


def _history(editions: list[EditionRow]) -> Iterator[Any]:
    if editions:
        columns = _columns("version", "effective_from", "actor", "reason")
        rows = [(each.version, _effective(each), each.published_by, each.reason) for each in editions]
        yield table(cli.translate("policy.editions_title"), columns, rows)


def _effective(edition: EditionRow) -> str:
    return local(from_micros(edition.effective_from))


def _columns(*columns: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in columns)


def _text(key: str) -> str:
    return cli.translate(f"calendar.{key}")
