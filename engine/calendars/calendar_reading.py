"""Reads calendars from TOML: zone, hours and holidays. A faulty one is refused with all its faults."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.calendars.calendar_table import (
    END_OF_DAY,
    MIDNIGHT,
    SORTS,
    WEEKDAYS,
    Holidays,
    HolidayYear,
    Hours,
    Table,
    end_text,
)
from models.toml_text import BadToml, parsed_toml
from models.zones import is_zone
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, rule_fault, unreadable_fault

KEYS = frozenset({"zone", "weekdays", "hours", "weekday_hours", "holidays", "years", "exceptions"})
NAME = re.compile("[a-z][a-z0-9-]{0,39}")
FIRST, LAST = 1900, 2199
NO_HOLIDAYS = "a calendar that never sleeps has no holidays: give it hours"
NO_SINGLE_DAYS = "a calendar that never sleeps has no hours of single days: give it hours"


@dataclass
class Reading:
    """Reads a table and collects its faults, so that all of them are reported at once."""

    file: str
    faults: list[Fault] = field(default_factory=list[Fault])

    def fault(self, place: str, code: str, why: str, **limits: object) -> None:
        """Add a fault, as ``rule_fault`` makes it."""
        self.faults.append(rule_fault(place, code, why, **limits))

    def settle(self) -> None:
        """Raise ``Refused('bad_calendar')`` if there are faults."""
        if self.faults:
            raise Refused("bad_calendar", file=self.file, faults=self.faults)

    def days(self, place: str, value: Any, year: int) -> frozenset[date]:
        """Read a list of days, all of one year."""
        if not isinstance(value, list):
            self.fault(place, "calendar.days", "must be a list of days like {year}-01-01", year=year)
            return frozenset()
        days = {at: _day(entry) for at, entry in enumerate(cast(list[Any], value))}
        for at, day in days.items():
            if day is None or day.year != year:
                why = "must be a day of {year}, written like {year}-01-01"
                self.fault(f"{place}.{at}", "calendar.day_of_year", why, year=year)
        return frozenset(day for day in days.values() if day is not None)

    def part(self, place: str, year: int, row: Mapping[str, Any]) -> HolidayYear:
        """Read one year."""
        for key in row.keys() - {"off", "worked"}:
            self.fault(f"{place}.{key}", "calendar.unknown_list", "is not known here; use off and worked")
        off, worked = (self.days(f"{place}.{sort}", row.get(sort, []), year) for sort in ("off", "worked"))
        for day in sorted(off & worked):
            self.fault(place, "calendar.off_and_worked", "{day} is both off and worked", day=day)
        return HolidayYear(off, worked)

    def years(self, place: str, rows: Any) -> dict[int, HolidayYear]:
        """Read the years of a table."""
        years: dict[int, HolidayYear] = {}
        for key, row in cast(dict[str, Any], rows).items() if isinstance(rows, dict) else ():
            year = int(key) if key.isascii() and key.isdecimal() else 0
            where = f"{place}.{key}".lstrip(".")
            if not FIRST <= year <= LAST or not isinstance(row, dict):
                self.fault(where, "calendar.year", "must be a year with its lists off and worked, like [2027]")
            else:
                years[year] = self.part(where, year, cast(dict[str, Any], row))
        if not isinstance(rows, dict):
            self.fault(place, "calendar.years", "must be a table of years")
        return years

    def zone(self, place: str, value: Any) -> ZoneInfo:
        """Read a time zone."""
        if not isinstance(value, str) or not is_zone(value):
            self.fault(
                place, "file.unknown_zone", "there is no zone {zone}; write it like Asia/Shanghai", zone=str(value)[:40]
            )
            return ZoneInfo("UTC")
        return ZoneInfo(value)

    def weekdays(self, place: str, value: Any) -> tuple[int, ...]:
        """Read weekdays; 0 is Monday."""
        days = tuple(cast(list[Any], value)) if isinstance(value, list) else (None,)
        if not all(type(day) is int and 0 <= day <= 6 for day in days) or len(set(days)) < len(days):
            self.fault(place, "calendar.weekdays", "must be a list of different weekdays from 0 (Monday) to 6")
        return cast(tuple[int, ...], days)

    def hours(self, place: str, value: Any) -> Hours:
        """Read the working intervals of a day, in order."""
        pairs = [_pair(entry) for entry in cast(list[Any], value)] if isinstance(value, list) else [None]
        intervals = [pair for pair in pairs if pair is not None]
        if len(intervals) < len(pairs):
            self.fault(
                place, "calendar.hours", 'must be a list of pairs like ["09:00", "12:00"]; a day ends at "24:00"'
            )
        for begin, end in intervals:
            if end != MIDNIGHT and begin >= end:
                self.fault(
                    place,
                    "calendar.ends_first",
                    "{begin} to {end} ends before it begins; split a night at 24:00",
                    begin=f"{begin:%H:%M}",
                    end=f"{end:%H:%M}",
                )
        for (_, end), (begin, _) in pairwise(intervals):
            if end == MIDNIGHT or begin < end:
                self.fault(
                    place,
                    "calendar.overlap",
                    "the interval from {begin} begins before the one until {end} is over",
                    begin=f"{begin:%H:%M}",
                    end=end_text(end),
                )
        return tuple(intervals)

    def weekday_hours(self, place: str, rows: Any) -> tuple[tuple[int, Hours], ...]:
        """Read the hours of single weekdays, by their English names."""
        hours: dict[int, Hours] = {}
        for name, value in self._rows(place, rows, 'saturday = [["09:00", "12:00"]]'):
            if name not in WEEKDAYS:
                self.fault(f"{place}.{name}", "calendar.no_weekday", "is no weekday; use {known}", known=WEEKDAYS)
            elif value == []:
                self.fault(
                    f"{place}.{name}", "calendar.no_hours", "has no hours; take a day without work out of weekdays"
                )
            else:
                hours[WEEKDAYS.index(name)] = self.hours(f"{place}.{name}", value)
        return tuple(sorted(hours.items()))

    def exceptions(self, place: str, rows: Any) -> tuple[tuple[date, Hours], ...]:
        """Read the hours of single dates; an empty list closes the day."""
        hours: dict[date, Hours] = {}
        for name, value in self._rows(place, rows, '2026-12-24 = [["09:00", "12:00"]]'):
            day = _day(name)
            if day is None:
                self.fault(f"{place}.{name}", "calendar.day", "must be a day, written like 2026-12-24")
            else:
                hours[day] = self.hours(f"{place}.{name}", value)
        return tuple(sorted(hours.items()))

    def _rows(self, place: str, rows: Any, example: str) -> Iterable[tuple[str, Any]]:
        if isinstance(rows, dict):
            return cast(dict[str, Any], rows).items()
        self.fault(place, "calendar.rows", "must be a table with rows like {example}", example=example)
        return ()

    def table(self, name: str, row: Any, countries: Callable[[str], Holidays | None]) -> Table:
        """Read one calendar."""
        if not NAME.fullmatch(name):
            self.fault(name, "calendar.name", "is no name for a calendar; use lower-case letters, digits and hyphens")
        if not isinstance(row, dict):
            self.fault(name, "calendar.table", "must be a table with zone, weekdays, hours and years")
            return Table(name, ZoneInfo("UTC"))
        entries = cast(dict[str, Any], row)
        for key in entries.keys() - KEYS:
            why = "is not known here; use {known}"
            self.fault(f"{name}.{key}", "calendar.unknown_key", why, known=sorted(KEYS))
        zone = self.zone(f"{name}.zone", entries.get("zone"))
        weekdays = self.weekdays(f"{name}.weekdays", entries.get("weekdays", []))
        hours = self.hours(f"{name}.hours", entries.get("hours", []))
        if bool(weekdays) != bool(hours):
            self.fault(
                f"{name}.{'hours' if weekdays else 'weekdays'}",
                "calendar.half_a_week",
                "weekdays and hours go together",
            )
        own = self.weekday_hours(f"{name}.weekday_hours", entries.get("weekday_hours", {}))
        exceptions = self.exceptions(f"{name}.exceptions", entries.get("exceptions", {}))
        holidays = self.holidays(name, entries, countries)
        if holidays is not None and not hours:
            self.fault(f"{name}.hours", "calendar.no_holidays", NO_HOLIDAYS)
        elif (own or exceptions) and not hours:
            self.fault(f"{name}.hours", "calendar.no_single_days", NO_SINGLE_DAYS)
        return Table(name, zone, weekdays, hours, holidays, own, exceptions)

    def holidays(self, name: str, entries: Mapping[str, Any], countries: Callable[[str], Holidays | None]):
        """Return a country's holidays with the calendar's own years instead; None without either."""
        known = countries(str(entries["holidays"])) if "holidays" in entries else None
        if "holidays" in entries and known is None:
            why = "there is no table {table} in policies/holidays/"
            self.fault(f"{name}.holidays", "calendar.unknown_holidays", why, table=entries["holidays"])
        return self.laid_over(f"{name}.years", known, self.years(f"{name}.years", entries.get("years", {})))

    def laid_over(self, place: str, known: Holidays | None, years: Mapping[int, HolidayYear]) -> Holidays | None:
        """Return the holidays with some years replaced or added; no year may be missing in between."""
        parts = {**(known.parts() if known else {}), **years}
        if not parts:
            return None
        first, last = min(parts), max(parts)
        if missing := [str(year) for year in range(first, last) if year not in parts]:
            why = "between {first} and {last} the year {missing} is missing"
            self.fault(place, "calendar.missing_years", why, first=first, last=last, missing=missing)
        off, worked = (frozenset(day for part in parts.values() for day in getattr(part, sort)) for sort in SORTS)
        return Holidays((first, last), off, worked)


def _day(value: Any) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _pair(value: Any) -> tuple[time, time] | None:
    try:
        begin, end = value
        closes = MIDNIGHT if end == END_OF_DAY else time.fromisoformat(end)
        opens = time.fromisoformat(begin)
    except (TypeError, ValueError):
        return None
    if opens.tzinfo or closes.tzinfo or (closes == MIDNIGHT and end != END_OF_DAY):
        return None
    return opens, closes


def toml_in(text: str, file: str) -> dict[str, Any]:
    """Parse a text. Raises ``Refused('bad_calendar')`` if it is no TOML."""
    try:
        return parsed_toml(text)
    except BadToml as error:
        raise Refused("bad_calendar", file=file, faults=[unreadable_fault(error)]) from None


def tables_in(text: str, file: str, countries: Callable[[str], Holidays | None]) -> dict[str, Table]:
    """Return every calendar of a text by name; ``countries`` finds a shipped holiday table.

    Raises ``Refused('bad_calendar')``; then nothing of it is taken.
    """
    reading, rows = Reading(file), toml_in(text, file)
    tables = {name: reading.table(name, row, countries) for name, row in rows.items()}
    reading.settle()
    return tables


def years_in(text: str, file: str) -> dict[int, HolidayYear]:
    """Return published years, as the files in `policies/holidays/` hold them. Raises ``Refused('bad_calendar')``."""
    reading, rows = Reading(file), toml_in(text, file)
    years = reading.years("", rows)
    if not years:
        reading.fault("", "calendar.no_year", "holds no year; begin one with a line like [2027]")
    reading.settle()
    return years
