"""Choose when to call a customer back: in working hours, and inside the promised window (D1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.calendars.calendar import DAY, Calendar

CALL_WINDOWS: Final = ("revisit", "survey_answer")
"""The clauses within whose limit a customer is called: after service, and in a survey."""
FIRST_AFTER = DAY
NEXT_AFTER = timedelta(days=1, hours=3)
"""The next attempt is on another day and at another hour."""
APART = timedelta(hours=2)
STEP, STEPS = timedelta(minutes=30), 48
LAST_HOUR = timedelta(hours=1)
LOOKED_BACK = 31
"""No place is closed for more days than this in a row."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The earliest instant of a call, the end of its window (None while the timer is paused), and now."""

    wanted: datetime
    ends: datetime | None
    now: datetime


def planned(place: Calendar, wish: Wish, before: Sequence[datetime] = ()) -> datetime:
    """Return when to call, given the earlier attempts (``before``): the first of these that fits the window.

    1. a working hour that differs from those of earlier attempts,
    2. any working hour from the wanted instant on,
    3. the last working hour of the window, unless an attempt was made on that day.

    If none fits, the customer is called late rather than not at all: at the instant of 1.
    """
    first = place.next_open(max(wish.wanted, wish.now))
    other = _at_another_hour(place, first, before)
    if wish.ends is None:
        return other
    for candidate in (other, first, _pulled_in(place, wish.now, wish.ends, before)):
        if candidate is not None and candidate <= wish.ends:
            return candidate
    return other


def _pulled_in(place: Calendar, now: datetime, ends: datetime, before: Sequence[datetime]) -> datetime | None:
    """Return the last working hour of the window, or what is left of it; None on a day with an earlier attempt."""
    begins = last_hour(place, ends)
    if begins is None:
        return None
    at = place.next_open(max(begins, now))
    return None if place.local(at).date() in {place.local(earlier).date() for earlier in before} else at


def _at_another_hour(place: Calendar, first: datetime, before: Sequence[datetime]) -> datetime:
    """Return the first instant from ``first`` on whose hour is two hours away from each earlier one; else ``first``."""
    tried = [_hour(place, attempt) for attempt in before]
    at = first
    for _ in range(STEPS):
        here = _hour(place, at)
        if all(min((here - hour) % DAY, (hour - here) % DAY) >= APART for hour in tried):
            return at
        at = place.next_open(at + STEP)
    return first


def _hour(place: Calendar, at: datetime) -> timedelta:
    there = place.local(at)
    return timedelta(hours=there.hour, minutes=there.minute, seconds=there.second, microseconds=there.microsecond)


def last_hour(place: Calendar, ends: datetime) -> datetime | None:
    """Return the start of the last working hour before an instant; None if there is none within a month."""
    if not place.hours:
        return ends - LAST_HOUR
    today = place.local(ends).date()
    for day in (today - n * DAY for n in range(LOOKED_BACK)):
        open_ = [(start, min(end, ends)) for start, end in place.intervals(day) if start < ends]
        if open_:
            start, end = open_[-1]
            return max(start, end - LAST_HOUR)
    return None
