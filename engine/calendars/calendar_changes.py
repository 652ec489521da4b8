"""Changes of a calendar that was published: years, hours of single dates and single days."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from engine.calendars.calendar_reading import NO_HOLIDAYS, NO_SINGLE_DAYS, Reading
from engine.calendars.calendar_table import HolidayYear, Table, of_year


def imported(known: Table, years: Mapping[int, HolidayYear], file: str) -> Table:
    """Return the calendar with these years as published. Raises ``Refused('bad_calendar')``."""
    reading = Reading(file)
    if not known.hours:
        reading.fault(f"{known.name}.hours", "calendar.no_holidays", NO_HOLIDAYS)
    holidays = reading.laid_over("years", known.holidays, years)
    reading.settle()
    return replace(known, holidays=holidays)


def with_hours(known: Table, hours: Mapping[str, Any]) -> Table:
    """Return the calendar with the hours of single dates, written as in ``exceptions``. Raises ``Refused``."""
    reading = Reading(known.name)
    if hours and not known.hours:
        reading.fault(f"{known.name}.hours", "calendar.no_single_days", NO_SINGLE_DAYS)
    changed = dict(known.exceptions) | dict(reading.exceptions("exceptions", hours))
    reading.settle()
    return replace(known, exceptions=tuple(sorted(changed.items())))


def overridden(known: Table, off: Iterable[date], worked: Iterable[date]) -> Table:
    """Return the calendar with single days changed, which lose the hours of their own that they had.

    Raises ``Refused('bad_calendar')``.
    """
    reading, rest, work = Reading(known.name), frozenset(off), frozenset(worked)
    if not rest | work:
        return known
    parts = known.holidays.parts() if known.holidays else {}
    for day in sorted(rest & work):
        reading.fault("off", "calendar.off_and_worked", "{day} is both off and worked", day=day)
    for day in sorted(rest | work):
        if day.year not in parts:
            field, why = "worked" if day in work else "off", "{day}: the year is not known yet; import it first"
            reading.fault(field, "calendar.unknown_year", why, day=day)
    reading.settle()
    years = {
        year: HolidayYear((part.off | of_year(year, rest)) - work, (part.worked | of_year(year, work)) - rest)
        for year, part in parts.items()
    }
    exceptions = tuple((day, hours) for day, hours in known.exceptions if day not in rest | work)
    return imported(replace(known, exceptions=exceptions), years, known.name)
