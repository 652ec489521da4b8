"""The command that reckons a deadline: deadline."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated

import typer

from apps.cli.context import Json, cli, instant, table
from engine.calendars.calendar import Calendar, calendar
from engine.calendars.deadlines import Counted, Unit, due, explained, provisional
from locales.translation import translate
from statemachines.refused import Refused

Start = Annotated[str, typer.Option(help="Where the time begins: ISO 8601 with offset.")]
Amount = Annotated[int, typer.Option(help="How much of the unit.")]
UnitName = Annotated[str, typer.Option("--unit", help="hours, business_hours, days or business_days.")]
CalendarName = Annotated[str, typer.Option("--calendar", help="cn-office, cn-hotline or berlin-office.")]
Stored = Annotated[bool, typer.Option("--store", help="As published in the store here; else the shipped calendars.")]
SHOWN = 62
"""Two months of days; whoever asks for more sees the last ones after a gap."""
LAST = 7


def join(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command()(deadline)


def deadline(
    start: Start, amount: Amount, unit: UnitName, calendar_: CalendarName, store: Stored = False, json: Json = False
) -> None:
    """When an amount of time runs out in a working calendar, explained day by day."""
    place, begin, reckoned = _published(calendar_) if store else calendar(calendar_), instant(start), _unit(unit)
    end = due(place, begin, amount, reckoned)
    unsure = provisional(place, begin, end, reckoned)
    document = {
        "start": place.local(begin),
        "amount": amount,
        "unit": reckoned.value,
        "calendar": place.name,
        "due": place.local(end),
        "provisional": unsure,
        "calendar_version": place.version,
    }
    if cli.as_json:
        cli.give(document)
        return
    limit = f"{amount} {translate(cli.locale, f'unit.{reckoned}')}"
    told = [cli.translate("deadline.due", due=_read(place.local(end)), limit=limit, calendar=place.name)]
    if unsure:
        told.append(cli.translate("deadline.provisional", until=place.covered_until, calendar=place.name))
    cli.give(document, *told, _explanation(place, begin, end, reckoned))


def _published(name: str) -> Calendar:
    """The calendar as the store has it. Opening a store takes a second, so it is done only where it is asked for."""
    from engine.rules.in_force import rules_of

    return rules_of(cli.store).calendar(name)


def _unit(name: str) -> Unit:
    if name not in list(Unit):
        raise Refused("unknown_unit", unit=name[:40], known=[one.value for one in Unit])
    return Unit(name)


def _explanation(place: Calendar, start: datetime, end: datetime, unit: Unit):
    heads = tuple(cli.translate(f"column.{name}") for name in ("day", "sort", "counts", "so_far"))
    days = (end - start).days
    if days <= SHOWN:
        rows = [_row(one) for one in explained(place, start, end, unit)]
    else:
        all_ = explained(place, start, end, unit)
        rows = [_row(one) for one in islice(all_, SHOWN - LAST)]
        rest = list(all_)
        rows += [("…", "", "", ""), *(_row(one) for one in rest[-LAST:])]
    return table("", heads, rows)


def _row(one: Counted) -> Sequence[str]:
    day = f"{one.day} {translate(cli.locale, f'weekday.{one.day.weekday()}')}"
    return day, cli.translate(f"deadline.{one.sort}"), _amount(one.added), _amount(one.total)


def _amount(counted: timedelta | int) -> str:
    if isinstance(counted, int):
        return str(counted)
    minutes, seconds = divmod(counted // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def _read(local: datetime) -> str:
    return f"{local.isoformat(' ')} {translate(cli.locale, f'weekday.{local.weekday()}')}"
