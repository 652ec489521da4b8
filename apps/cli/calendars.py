"""Commands about working calendars: calendar list, show, publish, import, override."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, Json, cli, local, table
from apps.cli.rules_here import Here, day, edition_told, give_published, here, text_of
from engine.calendars.calendar import Calendar
from engine.rules.in_force import Sort
from engine.rules.publishing import EditionRow, import_years
from engine.rules.publishing import override as rule_days
from engine.rules.publishing import publish as publish_text
from locales.translation import translate
from models.columns import from_micros

calendar = typer.Typer(
    help="Working calendars 工作日历: hours, holidays and make-up days, and until when they are known.",
    no_args_is_help=True,
)

Year = Annotated[int | None, typer.Option(help="The days of one year that differ from the plain week.")]
Off = Annotated[list[str] | None, typer.Option(help="A day that is off; may be repeated.")]
Worked = Annotated[list[str] | None, typer.Option(help="A day that is worked; may be repeated.")]
Why = Annotated[str, typer.Option(help="Why it is published.")]
WhyImport = Annotated[str | None, typer.Option(help="Why it is imported; without it the file's name is kept.")]


@calendar.command("list")
def list_(json: Json = False) -> None:
    """The calendars, their zones, versions and the last day whose holidays are known."""
    where = here()
    found = [where.rules.calendar(name) for name in where.rules.names(Sort.CALENDAR)]
    rows = [(one.name, one.zone.key, _hours(one), one.version, _until(one)) for one in found]
    heads = _heads("calendar", "zone", "hours", "version", "covered_until")
    cli.give({"calendars": [_told(one, where) for one in found]}, table(_words("title"), heads, rows))


@calendar.command()
def show(name: str, year: Year = None, json: Json = False) -> None:
    """What a calendar says, and its published editions."""
    where = here()
    read, editions = where.rules.calendar(name), where.editions(Sort.CALENDAR, name)
    days = list(_days(read, year))
    keys = ("day", "sort")
    document = {
        **_told(read, where),
        "weekdays": read.weekdays,
        "hours": [[f"{begin:%H:%M}", f"{end:%H:%M}"] for begin, end in read.hours],
        "days": [dict(zip(keys, one, strict=True)) for one in days],
        "editions": [edition_told(one) for one in editions],
    }
    rows = [
        (_words("zone"), read.zone.key),
        (_words("week"), " ".join(translate(cli.locale, f"weekday.{one}") for one in read.weekdays) or "–"),
        (_words("hours"), _hours(read)),
        (_words("known"), _until(read)),
    ]
    shown = [table(f"{name} · {read.version}", ("", ""), rows)]
    if year is not None:
        told_days = [(f"{one} {translate(cli.locale, f'weekday.{one.weekday()}')}", _kind(sort)) for one, sort in days]
        shown.append(table(str(year), _heads("day", "sort"), told_days))
    cli.give(document, *shown, *_history(editions))


@calendar.command()
def publish(file: Path, reason: Why, as_: As = None, json: Json = False) -> None:
    """Publish a whole calendar from a file; it holds from now on."""
    store, by = cli.store, cli.actor(as_)
    at = store.now()
    give_published(publish_text(store, Sort.CALENDAR, text_of(file), by, at, at, reason, file.name))


@calendar.command("import")
def import_(name: str, file: Path, reason: WhyImport = None, as_: As = None, json: Json = False) -> None:
    """Take the holidays and make-up days of published years into a calendar."""
    store, by = cli.store, cli.actor(as_)
    at, text = store.now(), text_of(file)
    why = reason if reason is not None else file.name
    give_published(import_years(store, name, text, by, at, why, file.name))


@calendar.command()
def override(
    name: str, reason: Why, off: Off = None, worked: Worked = None, as_: As = None, json: Json = False
) -> None:
    """Rule single days of a published year otherwise than they were published."""
    store, by = cli.store, cli.actor(as_)
    at, (rest, work) = store.now(), ([day(one) for one in some or ()] for some in (off, worked))
    give_published(rule_days(store, name, rest, work, by, at, reason))


def _told(one: Calendar, where: Here) -> dict[str, Any]:
    return {
        "name": one.name,
        "zone": one.zone.key,
        "version": one.version,
        "covered_until": one.covered_until,
        "published": where.rules.in_force(Sort.CALENDAR, one.name) is not None,
    }


def _days(read: Calendar, year: int | None) -> Iterator[tuple[date, str]]:
    """The days of a year that differ from the plain week, and how."""
    known = read.holidays
    if known is None or year is None:
        return
    for one in sorted(known.off | known.worked):
        if one.year == year:
            yield one, "worked" if one in known.worked else "off"


def _kind(sort: str) -> str:
    return cli.translate("deadline.made_up" if sort == "worked" else "deadline.holiday")


def _hours(one: Calendar) -> str:
    return ", ".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in one.hours) or _words("always")


def _until(one: Calendar) -> str:
    return str(one.covered_until) if one.covered_until else _words("none_asked")


def _history(editions: list[EditionRow]) -> Iterator[Any]:
    if editions:
        heads = _heads("version", "effective_from", "actor", "reason")
        rows = [(one.version, _when(one), one.published_by, one.reason) for one in editions]
        yield table(cli.translate("policy.editions_title"), heads, rows)


def _when(one: EditionRow) -> str:
    return local(from_micros(one.effective_from))


def _heads(*columns: str) -> tuple[str, ...]:
    return tuple(cli.translate(f"column.{name}") for name in columns)


def _words(key: str) -> str:
    return cli.translate(f"calendar.{key}")
