"""The command that computes a deadline: deadline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import typer

from apps.cli.context import Json, cli, instant, table
from apps.cli.number_options import whole_option
from apps.fitted_table import FittedTable
from engine.calendars.calendar import Calendar, calendar
from engine.calendars.deadlines import Counted, Unit, due, explained, provisional
from locales.translation import translate
from statemachines.refused import Refused

READABLE = 10**40
"""Amounts up to this are refused by the calendar, which knows how much it can count."""
Start = Annotated[str, typer.Option()]
Amount = Annotated[int, whole_option(least=-READABLE, most=READABLE)]
UnitName = Annotated[str, typer.Option("--unit")]
CalendarName = Annotated[str, typer.Option("--calendar")]
Stored = Annotated[bool, typer.Option("--store")]
SHOWN = 62
"""Two months of days; of a longer explanation the middle is left out."""
LAST = 7


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(deadline)


def deadline(
    start: Start, amount: Amount, unit: UnitName, calendar_: CalendarName, store: Stored = False, json: Json = False
) -> None:
    """When an amount of time runs out in a working calendar, explained day by day."""
    working, begin, counted_in = _published(calendar_) if store else calendar(calendar_), instant(start), _unit(unit)
    end = due(working, begin, amount, counted_in)
    unsure = provisional(working, begin, end, counted_in)
    document = {
        "start": working.local(begin),
        "amount": amount,
        "unit": counted_in.value,
        "calendar": working.name,
        "due": working.local(end),
        "provisional": unsure,
        "calendar_version": working.version,
    }
    if cli.as_json:
        cli.give(document)
        return
    limit = f"{amount} {translate(cli.locale, f'unit.{counted_in}')}"
    lines = [cli.translate("deadline.due", due=_formatted(working.local(end)), limit=limit, calendar=working.name)]
    if unsure:
        lines.append(cli.translate("deadline.provisional", until=working.covered_until, calendar=working.name))
    cli.give(document, *lines, _explanation(working, begin, end, counted_in))


def _published(name: str) -> Calendar:
    """Return the calendar as published in the store. Opening a store takes a second, so it is done on request only."""
    from engine.rules.in_force import rules_of

    return rules_of(cli.store).calendar(name)


def _unit(name: str) -> Unit:
    if name not in list(Unit):
        raise Refused("unknown_unit", unit=name[:40], known=[one.value for one in Unit])
    return Unit(name)


def _explanation(working: Calendar, start: datetime, end: datetime, unit: Unit) -> FittedTable:
    columns = tuple(cli.translate(f"column.{name}") for name in ("day", "sort", "counts", "so_far"))
    days = (end - start).days
    if days <= SHOWN:
        rows = [_row(counted) for counted in explained(working, start, end, unit)]
    else:
        every_day = explained(working, start, end, unit)
        rows = [_row(counted) for counted in islice(every_day, SHOWN - LAST)]
        remaining = list(every_day)
        rows += [("…", "", "", ""), *(_row(counted) for counted in remaining[-LAST:])]
    return table("", columns, rows)


def _row(counted: Counted) -> Sequence[str]:
    day = f"{counted.day} {translate(cli.locale, f'weekday.{counted.day.weekday()}')}"
    return day, cli.translate(f"deadline.{counted.sort}"), _amount(counted.added), _amount(counted.total)


def _amount(counted: timedelta | int) -> str:
    if isinstance(counted, int):
        return str(counted)
    minutes, seconds = divmod(counted // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def _formatted(local: datetime) -> str:
    return f"{local.isoformat(' ')} {translate(cli.locale, f'weekday.{local.weekday()}')}"
