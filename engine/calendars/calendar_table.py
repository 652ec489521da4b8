"""A working calendar as data: its zone, its hours and its holidays; and how it is written as TOML."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT, END_OF_DAY = time(), "24:00"
"""As the end of an interval midnight is that of the next day, which is written 24:00."""
Hours = tuple[tuple[time, time], ...]
"""The working intervals of a day, in order."""
SORTS = ("off", "worked")
"""The two lists of a year."""


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """One published year: the days off, and the weekend days that make up for them (调休)."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Holidays:
    """The days that differ from the plain week, and the years for which they are known."""

    covered: tuple[int, int]
    off: frozenset[date]
    worked: frozenset[date]

    def parts(self) -> dict[int, HolidayYear]:
        """Return the holidays by year."""
        first, last = self.covered
        return {
            year: HolidayYear(of_year(year, self.off), of_year(year, self.worked)) for year in range(first, last + 1)
        }


def of_year(year: int, days: Iterable[date]) -> frozenset[date]:
    """Return those of the days that are in this year."""
    return frozenset(day for day in days if day.year == year)


@dataclass(frozen=True)
class Table:
    """A calendar as it is written: without hours it is always open, without holidays it knows the plain week.

    ``hours`` are those of the ``weekdays`` and of days that make up for others; ``weekday_hours`` are the own hours of
    a weekday, and ``exceptions`` those of a single date, whatever its weekday and whether it is a holiday. Both are
    sorted; no hours mean closed.
    """

    name: str
    zone: ZoneInfo
    weekdays: tuple[int, ...] = ()
    hours: Hours = ()
    holidays: Holidays | None = None
    weekday_hours: tuple[tuple[int, Hours], ...] = ()
    exceptions: tuple[tuple[date, Hours], ...] = ()


def end_text(end: time) -> str:
    """Return the end of an interval as people write it: midnight is 24:00."""
    return END_OF_DAY if end == MIDNIGHT else f"{end:%H:%M}"


def written(table: Table) -> str:
    """Return the calendar as TOML that needs no other file."""
    lines = [f"[{table.name}]", f'zone = "{table.zone.key}"']
    lines += [f"weekdays = {list(table.weekdays)}", f"hours = {_written(table.hours)}"] if table.hours else []
    if table.weekday_hours:
        rows = (f"{WEEKDAYS[number]} = {_written(hours)}" for number, hours in table.weekday_hours)
        lines += ["", f"[{table.name}.weekday_hours]", *rows]
    for year, part in (table.holidays.parts() if table.holidays else {}).items():
        lines += ["", f"[{table.name}.years.{year}]"]
        lines += [f"{sort} = [{', '.join(map(str, sorted(getattr(part, sort))))}]" for sort in SORTS]
    if table.exceptions:
        rows = (f"{day} = {_written(hours)}" for day, hours in table.exceptions)
        lines += ["", f"[{table.name}.exceptions]", *rows]
    return "\n".join(lines) + "\n"


def _written(hours: Hours) -> str:
    pairs = ((begin.isoformat(), END_OF_DAY if end == MIDNIGHT else end.isoformat()) for begin, end in hours)
    intervals = ", ".join(f'["{begin}", "{end}"]' for begin, end in pairs)
    return f"[{intervals}]"
