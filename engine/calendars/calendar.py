"""Compute with working hours, holidays and local dates of a place."""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from engine.calendars.calendar_reading import Reading, tables_in, years_in
from engine.calendars.calendar_table import MIDNIGHT, Holidays, Hours, Table
from statemachines.refused import Refused

POLICIES = Path(__file__).resolve().parents[2] / "policies"
HORIZON = 2200
"""No deadline is computed from this year on; such a request is a typing error."""
REGION = re.compile("[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""A country, or a part of one as ISO 3166-2 names it: DE, DE-BE."""
NOTHING, DAY = timedelta(), timedelta(days=1)
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Year:
    """One local year's working intervals in UTC; ``until[i]`` is the working time up to the end of the i-th."""

    starts: list[datetime]
    ends: list[datetime]
    until: list[timedelta]
    days: list[date]
    closes: list[datetime]

    @property
    def total(self) -> timedelta:
        """Return the working time of the year."""
        return self.until[-1] if self.until else NOTHING

    def before(self, instant: datetime) -> timedelta:
        """Return the working time of the year before an instant."""
        i = bisect_right(self.starts, instant) - 1
        return NOTHING if i < 0 else self.until[i] - max(self.ends[i] - instant, NOTHING)


@dataclass(frozen=True)
class Calendar(Table):
    """A zone with working hours and holidays, and the arithmetic of working time in it."""

    _years: dict[int, Year] = field(default_factory=dict[int, Year], init=False, compare=False, repr=False)

    @cached_property
    def version(self) -> str:
        """Return a short hash of the calendar's contents: calendars of equal version compute alike."""
        known = self.holidays
        days = [known.covered, *(sorted(map(str, dates)) for dates in (known.off, known.worked))] if known else []
        content: list[Any] = [str(self.zone), self.weekdays, _texts(self.hours), days]
        if own := [[str(day), _texts(hours)] for day, hours in (*self.weekday_hours, *self.exceptions)]:
            content.append(own)
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    @property
    def covered_until(self) -> date | None:
        """Return the last day whose holidays are known; None if the calendar has no holidays."""
        return date(self.holidays.covered[1], 12, 31) if self.holidays else None

    def covers(self, instant: datetime) -> bool:
        """Return whether the holidays of that day are known."""
        if self.holidays is None:
            return True
        return self.holidays.covered[0] <= self.local(instant).year <= self.holidays.covered[1]

    def local(self, instant: datetime) -> datetime:
        """Return the instant in local time."""
        return instant.astimezone(self.zone)

    def works(self, day: date) -> bool:
        """Return whether that date is a working day."""
        return not self.hours or bool(self.hours_on(day))

    def hours_on(self, day: date) -> Hours:
        """Return the working intervals of a date in local time; none where it is closed, or where it is always open.

        The hours of the date itself count first, then the holidays, then the hours of its weekday.
        """
        if day in self._exceptions:
            return self._exceptions[day]
        if self.holidays is not None and day in self.holidays.worked:
            return self.hours
        if self.holidays is not None and day in self.holidays.off:
            return ()
        usual = self.hours if day.weekday() in self.weekdays else ()
        return self._weekday_hours.get(day.weekday(), usual)

    def is_exception(self, day: date) -> bool:
        """Return whether the date has hours of its own, be it that it is closed."""
        return day in self._exceptions

    @cached_property
    def _exceptions(self) -> Mapping[date, Hours]:
        return dict(self.exceptions)

    @cached_property
    def _weekday_hours(self) -> Mapping[int, Hours]:
        return dict(self.weekday_hours)

    def days_later(self, instant: datetime, days: int) -> datetime:
        """Return the same local time that many dates later.

        A local time that does not exist moves on by the gap; of one that exists twice the first counts.
        """
        there = (self.local(instant).replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=self.zone, fold=0)
        return there.astimezone(UTC)

    def next_open(self, instant: datetime) -> datetime:
        """Return the instant itself inside working hours, else the start of the next interval."""
        if not self.hours:
            return instant
        for number in self._from(instant):
            year = self._year(number)
            i = bisect_right(year.ends, instant)
            if i < len(year.ends):
                return max(year.starts[i], instant).astimezone(UTC)
        raise Refused("deadline_too_far", calendar=self.name, year=HORIZON)

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """Return the instant at which ``amount`` of working time has passed; at the end of an interval, that end."""
        if not self.hours:
            return start.astimezone(UTC) + amount
        left = amount + self._year(self.local(start).year).before(start)
        for number in self._from(start):
            year = self._year(number)
            if left <= year.total:
                i = bisect_left(year.until, left)
                return year.ends[i] - (year.until[i] - left)
            left -= year.total
        raise Refused("deadline_too_far", calendar=self.name, year=HORIZON)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants; zero if the end is not after the start."""
        if end <= start:
            return NOTHING
        if not self.hours:
            return end.astimezone(UTC) - start.astimezone(UTC)
        first, last = self.local(start).year, self.local(end).year
        whole = sum((self._year(number).total for number in range(first, last)), NOTHING)
        return whole + self._year(last).before(end) - self._year(first).before(start)

    def close_of(self, start: datetime, days: int) -> datetime:
        """Return the close of business ``days`` working days later; the starting date does not count."""
        today = self.local(start).date()
        if not self.hours:
            return datetime.combine(today + (days + 1) * DAY, time(), self.zone).astimezone(UTC)
        left = days + bisect_right(self._year(today.year).days, today)
        for number in self._from(start):
            year = self._year(number)
            if left <= len(year.days):
                return year.closes[left - 1]
            left -= len(year.days)
        raise Refused("deadline_too_far", calendar=self.name, year=HORIZON)

    def _from(self, instant: datetime) -> Iterator[int]:
        """Return the years from an instant's to the horizon. Raises ``Refused('calendar_never_open')``."""
        first = self.local(instant).year
        if not self._year(first).days and not self._year(first + 1).days:
            raise Refused("calendar_never_open", calendar=self.name)
        return iter(range(first, HORIZON))

    def _year(self, number: int) -> Year:
        if number not in self._years:
            self._years[number] = self._computed(number)
        return self._years[number]

    def _computed(self, number: int) -> Year:
        year, total = Year([], [], [], [], []), NOTHING
        first = date(number, 1, 1)
        for day in (first + n * DAY for n in range((date(number + 1, 1, 1) - first).days)):
            opened = False
            for start, end in self.intervals(day):
                opened, total = True, total + (end - start)
                year.starts.append(start)
                year.ends.append(end)
                year.until.append(total)
            if opened and self.works(day):  # hours that summer time skips are no working day
                year.days.append(day)
                year.closes.append(year.ends[-1])
        return year

    def intervals(self, day: date) -> list[Interval]:
        """Return a date's working intervals in UTC. Summer time beginning or ending inside one changes its length."""
        intervals: list[Interval] = []
        for opens, closes in self.hours_on(day):
            last_day = day + DAY if closes == MIDNIGHT else day
            start = datetime.combine(day, opens, self.zone).astimezone(UTC)
            end = datetime.combine(last_day, closes, self.zone).astimezone(UTC)
            start = max(start, intervals[-1][1]) if intervals else start
            if start < end:
                intervals.append((start, end))
        return intervals


def _texts(hours: Hours) -> list[list[str]]:
    return [list(map(str, pair)) for pair in hours]


def calendars_in(text: str, file: str) -> dict[str, Calendar]:
    """Return every calendar of a TOML text by name. Raises ``Refused('bad_calendar')``."""
    tables = tables_in(text, file, holidays)
    return {name: Calendar(**vars(table)) for name, table in tables.items()}


@cache
def shipped() -> Mapping[str, Calendar]:
    """Return the calendars of `policies/calendars.toml` by name. Raises ``Refused('bad_calendar')``."""
    return calendars_in((POLICIES / "calendars.toml").read_text("utf-8"), "calendars.toml")


def calendar(name: str) -> Calendar:
    """Return the shipped calendar of that name. Raises ``Refused('unknown_calendar')``."""
    if name not in shipped():
        raise Refused("unknown_calendar", calendar=name, known=sorted(shipped()))
    return shipped()[name]


@cache
def holidays(region: str) -> Holidays | None:
    """Return the shipped holidays of a country or of a part of it (DE-BE); None if there are none."""
    path = POLICIES / "holidays" / f"{region}.toml"
    if not REGION.fullmatch(region) or not path.exists():
        return None
    years = years_in(path.read_text("utf-8"), path.name)
    return Reading(path.name).laid_over("years", None, years)
