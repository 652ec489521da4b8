"""Working hours and local dates: what a deadline and a callback need to know of a place."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from statemachines.lifecycle import Refused

POLICIES = Path(__file__).resolve().parent.parent / "policies"


@dataclass(frozen=True)
class Calendar:
    """A zone with its working hours; without hours it is always open."""

    name: str
    zone: ZoneInfo
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[time, time], ...] = ()

    def days_later(self, instant: datetime, days: int) -> datetime:
        """The same local time that many dates later.

        A local time that does not exist moves on by the gap; one that exists twice is the first.
        """
        local = instant.astimezone(self.zone)
        there = (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=self.zone, fold=0)
        return there.astimezone(UTC)

    def next_open(self, instant: datetime) -> datetime:
        """The instant itself inside working hours, else the start of the next interval."""
        if not self.hours:
            return instant
        local = instant.astimezone(self.zone)
        for ahead in range(8):
            day = local.date() + timedelta(days=ahead)
            if day.weekday() not in self.weekdays:
                continue
            for begin, end in self.hours:
                start = datetime.combine(day, begin, self.zone)
                if local < datetime.combine(day, end, self.zone):
                    return max(start, local).astimezone(UTC)
        raise Refused("calendar_never_open", calendar=self.name)


@cache
def calendar(name: str) -> Calendar:
    """The calendar of that name. Raises ``Refused('unknown_calendar')``."""
    known = tomllib.loads((POLICIES / "calendars.toml").read_text("utf-8"))
    if name not in known:
        raise Refused("unknown_calendar", calendar=name, known=sorted(known))
    row = known[name]
    hours = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in row.get("hours", ()))
    return Calendar(name, ZoneInfo(row["zone"]), tuple(row.get("weekdays", ())), hours)
