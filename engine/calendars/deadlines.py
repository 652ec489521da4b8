"""Compute deadlines in the four units and explain them day by day. Imports only `calendar`, to load fast."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from engine.calendars.calendar import DAY, HORIZON, NOTHING, Calendar
from statemachines.refused import Refused

MOST = 1_000_000
"""The largest amount of any unit; more is a typing error."""


class Unit(StrEnum):
    """The four units of a limit; they are never converted into each other."""

    HOURS = "hours"
    BUSINESS_HOURS = "business_hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"


def due(place: Calendar, start: datetime, amount: int, unit: Unit) -> datetime:
    """Return when an amount of a unit, counted from ``start``, is used up, in UTC.

    Raises ``Refused('bad_amount' | 'deadline_too_far' | 'calendar_never_open')``.
    """
    if not 0 < amount <= MOST:
        raise Refused("bad_amount", amount=amount, most=MOST)
    try:
        begin = start.astimezone(UTC)
        end = _due(place, begin, amount, unit) if begin.year < HORIZON else begin
    except OverflowError:
        raise Refused("deadline_too_far", calendar=place.name, year=HORIZON) from None
    if end.year >= HORIZON:
        raise Refused("deadline_too_far", calendar=place.name, year=HORIZON)
    return end


def _due(place: Calendar, start: datetime, amount: int, unit: Unit) -> datetime:
    match unit:
        case Unit.HOURS:
            return start + timedelta(hours=amount)
        case Unit.BUSINESS_HOURS:
            return place.after(start, timedelta(hours=amount))
        case Unit.DAYS:
            return place.days_later(start, amount)
        case Unit.BUSINESS_DAYS:
            return place.close_of(start, amount)


def provisional(place: Calendar, start: datetime, end: datetime, unit: Unit) -> bool:
    """Return whether an unpublished holiday may lie in between; elapsed hours do not depend on holidays."""
    return unit is not Unit.HOURS and not (place.covers(start) and place.covers(end))


@dataclass(frozen=True, slots=True)
class Counted:
    """What one date adds to a deadline: hours or dates, and the sum so far in the same unit."""

    day: date
    sort: str
    added: timedelta | int
    total: timedelta | int


def explained(place: Calendar, start: datetime, end: datetime, unit: Unit) -> Iterator[Counted]:
    """Yield every date from the start of a deadline to its end."""
    first, last = place.local(start).date(), place.local(end - timedelta.resolution).date()
    hours, dates = NOTHING, 0
    for n in range((last - first).days + 1):
        day = first + n * DAY
        if unit in {Unit.HOURS, Unit.BUSINESS_HOURS}:
            added = _within(place, start, end, day, unit)
            hours += added
            yield Counted(day, sort_of(place, day), added, hours)
        else:
            counts = int(n > 0 and (unit is Unit.DAYS or place.works(day)))
            dates += counts
            yield Counted(day, sort_of(place, day), counts, dates)


def _within(place: Calendar, start: datetime, end: datetime, day: date, unit: Unit) -> timedelta:
    midnight, next_one = (datetime.combine(date_, time(), place.zone) for date_ in (day, day + DAY))
    begin, until = max(start, midnight.astimezone(start.tzinfo)), min(end, next_one.astimezone(end.tzinfo))
    return until - begin if unit is Unit.HOURS else place.worked(begin, until)


def sort_of(place: Calendar, day: date) -> str:
    """Return the sort of day: ``exception`` (a date with hours of its own), ``working``, ``made_up``, ``holiday``,
    ``weekend``; ``unknown`` past the tables.
    """
    known = place.holidays
    if place.is_exception(day):
        return "exception"
    if known is not None and not known.covered[0] <= day.year <= known.covered[1]:
        return "unknown"
    if known is not None and day in known.worked:
        return "made_up"
    if place.works(day):
        return "working"
    return "holiday" if known is not None and day in known.off else "weekend"
