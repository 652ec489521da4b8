"""When a customer is called: from the instant his window is counted from, in working hours, inside the window (D1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.calendars.calendar import DAY, Calendar

FIRST_AFTER = DAY
NEXT_AFTER = timedelta(days=1, hours=3)
"""The next attempt is made on another day and at another hour."""
APART = timedelta(hours=2)
STEP, STEPS = timedelta(minutes=30), 48
LAST_HOUR = timedelta(hours=1)
LOOKED_BACK = 31
"""No place rests longer than that many days on end."""

FACTS = {"receipt": "received_at", "acceptance": "accepted_at"}
"""Which known fact of a case holds the instant of a pack's trigger; without it the completion counts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """When a call is wished for at the earliest, when its window ends, and what time it is now."""

    wanted: datetime
    ends: datetime | None
    now: datetime


def counted_from(trigger: str | None, known: Mapping[str, Any], completed: datetime) -> datetime:
    """The instant from which the first call is reckoned; ``completed`` is when the case was resolved."""
    told = known.get(FACTS.get(trigger or "", ""))
    return datetime.fromisoformat(told) if isinstance(told, str) else completed


def planned(place: Calendar, wish: Wish, before: Sequence[datetime] = ()) -> datetime:
    """When to call: in working hours, and if it can be inside the window. ``before`` are the round's earlier attempts.

    At another hour than those; where the window ends before that, at any working hour from the wanted instant on;
    where it ends even before that, in its last working hour, unless it was tried on that day. Where the window holds
    no hour any more the customer is called late rather than not at all.
    """
    first = place.next_open(max(wish.wanted, wish.now))
    other = _at_another_hour(place, first, before)
    if wish.ends is None:
        return other
    for one in (other, first, _pulled_in(place, wish.now, wish.ends, before)):
        if one is not None and one <= wish.ends:
            return one
    return other


def _pulled_in(place: Calendar, now: datetime, ends: datetime, before: Sequence[datetime]) -> datetime | None:
    """The window's last working hour, or what is left of it; None on a day on which it was tried."""
    begins = last_hour(place, ends)
    if begins is None:
        return None
    at = place.next_open(max(begins, now))
    return None if place.local(at).date() in {place.local(one).date() for one in before} else at


def _at_another_hour(place: Calendar, first: datetime, before: Sequence[datetime]) -> datetime:
    """The first instant from ``first`` on that is two hours of the day away from each of the others; else ``first``."""
    tried = [_hour(place, one) for one in before]
    found = first
    for _ in range(STEPS):
        here = _hour(place, found)
        if all(min((here - one) % DAY, (one - here) % DAY) >= APART for one in tried):
            return found
        found = place.next_open(found + STEP)
    return first


def _hour(place: Calendar, at: datetime) -> timedelta:
    there = place.local(at)
    return timedelta(hours=there.hour, minutes=there.minute, seconds=there.second, microseconds=there.microsecond)


def last_hour(place: Calendar, ends: datetime) -> datetime | None:
    """Where the last working hour before an instant begins; None if there is none within a month."""
    if not place.hours:
        return ends - LAST_HOUR
    today = place.local(ends).date()
    for day in (today - n * DAY for n in range(LOOKED_BACK)):
        open_ = [(start, min(end, ends)) for start, end in place.intervals(day) if start < ends]
        if open_:
            start, end = open_[-1]
            return max(start, end - LAST_HOUR)
    return None
