"""Decides who is on duty at an instant: rosters, holidays, swaps. It reads nothing; the caller passes the roster.

Note [Hand-over]: shifts begin and end at local times of the roster's calendar. A local time that does not exist moves
on by the gap, and of one that exists twice the first counts, for the end of a shift as for the beginning of the next.
So shifts that follow each other on the wall clock leave no gap and do not overlap when clocks change.

Note [Newest roster]: for a department and a level, the roster in effect on a local date is the one with the latest
``valid_from`` up to that date, of several the newest; rosters that do not name both are not asked. A shift belongs to
the date on which it begins, and is worked to its end also where another roster takes effect meanwhile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from engine.calendars.calendar import Calendar
from models.shifts import HOLIDAY, HOUSE, NOT_NEEDED, WEEKDAYS, DatedShift, Shift, WeeklyShift

DAY = timedelta(days=1)
Post = tuple[str, int]
"""A department (or ``HOUSE``) and an escalation level, for which somebody is on duty."""
Span = tuple[datetime, datetime, str]
"""When a shift begins and ends, and whose it is."""


@dataclass(frozen=True)
class RosterEdition:
    """An imported roster; ``number`` counts the imports. It takes effect on the local date ``valid_from``."""

    number: int
    valid_from: date
    calendar: Calendar
    shifts: tuple[Shift, ...]

    @cached_property
    def posts(self) -> Mapping[Post, tuple[Shift, ...]]:
        """The shifts by what they are worked for; read thousands of times for a plan of some days."""
        by_post: dict[Post, tuple[Shift, ...]] = {}
        for shift in self.shifts:
            post = (shift.department, shift.level)
            by_post[post] = (*by_post.get(post, ()), shift)
        return by_post


@dataclass(frozen=True, slots=True)
class Swap:
    """``stand_in`` is on duty in place of ``person`` in [``starts_at``, ``ends_at``); the last one counts."""

    department: str
    level: int
    person: str
    stand_in: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """All rosters of a store, and its swaps in the order in which they were made."""

    editions: tuple[RosterEdition, ...] = ()
    swaps: tuple[Swap, ...] = ()

    def posts(self) -> list[Post]:
        """Return what any roster names people for."""
        return sorted({post for edition in self.editions for post in edition.posts})

    def edition_on(self, post: Post, day: date) -> RosterEdition | None:
        """Return the roster in effect for a post on a local date. See Note [Newest roster]."""
        known = [each for each in self.editions if each.valid_from <= day and post in each.posts]
        return max(known, key=lambda each: (each.valid_from, each.number), default=None)


def on_duty(roster: Roster, department: str | None, level: int, at: datetime) -> tuple[str, ...] | None:
    """Return who is on duty for a department and a level, as handles; for the whole house where its own has nobody.

    The tuple is empty where somebody should be on duty and nobody is; None where nobody has to be.
    """
    missing: tuple[str, ...] | None = None
    for post in dict.fromkeys([(department or HOUSE, level), (HOUSE, level)]):
        people = on_post(roster, post, at)
        if people is None:
            continue
        if people:
            return missing if people == (NOT_NEEDED,) else people
        missing = ()
    return missing


def on_post(roster: Roster, post: Post, at: datetime) -> tuple[str, ...] | None:
    """Return who is on duty for a post itself: ``(NOT_NEEDED,)`` where nobody has to be, None without a roster."""
    spans = list(_spans(roster, post, at - DAY, at + DAY))
    if not spans and not _begun(roster, post, at):
        return None
    people = [person for starts_at, ends_at, person in spans if starts_at <= at < ends_at]
    for swap in roster.swaps:
        if (swap.department, swap.level) == post and swap.starts_at <= at < swap.ends_at:
            people = [swap.stand_in if person == swap.person else person for person in people]
    named = dict.fromkeys(person for person in people if person != NOT_NEEDED)
    return tuple(named) or (NOT_NEEDED,) * bool(people)


def changes(roster: Roster, post: Post, since: datetime, until: datetime) -> list[datetime]:
    """Return the instants in [since, until) at which somebody's duty for a post may begin or end, ``since`` first."""
    edges = {since}
    for starts_at, ends_at, _ in _spans(roster, post, since, until):
        edges |= {starts_at, ends_at}
    for swap in roster.swaps:
        if (swap.department, swap.level) == post:
            edges |= {swap.starts_at, swap.ends_at}
    for edition in roster.editions:
        edges.add(_instant(edition, edition.valid_from, time()))
    return sorted(edge for edge in edges if since <= edge < until)


def _begun(roster: Roster, post: Post, at: datetime) -> bool:
    """Return whether a roster names people for a post and has taken effect."""
    return any(post in each.posts and each.valid_from <= each.calendar.local(at).date() for each in roster.editions)


def _spans(roster: Roster, post: Post, since: datetime, until: datetime) -> Iterator[Span]:
    """Yield the shifts for a post that may touch [since, until), with their instants in UTC and their people."""
    day, last = (since - 2 * DAY).date(), (until + DAY).date()
    while day <= last:
        edition = roster.edition_on(post, day)
        if edition is not None:
            for shift in _weekly_shifts(edition, post, day):
                ends_on = day if shift.ends > shift.begins else day + DAY
                yield _instant(edition, day, shift.begins), _instant(edition, ends_on, shift.ends), shift.person
        day += DAY
    for edition in roster.editions:
        for shift in edition.posts.get(post, ()):
            if isinstance(shift, DatedShift) and shift.starts_at < until and shift.ends_at > since:
                begins_on = edition.calendar.local(shift.starts_at).date()
                if roster.edition_on(post, begins_on) is edition:
                    yield shift.starts_at, shift.ends_at, shift.person


def _weekly_shifts(edition: RosterEdition, post: Post, day: date) -> list[WeeklyShift]:
    """Return the shifts for a post that begin on a local date by the pattern of the week or of the holidays."""
    shifts = [shift for shift in edition.posts.get(post, ()) if isinstance(shift, WeeklyShift)]
    of_holidays = [shift for shift in shifts if HOLIDAY in shift.days]
    if of_holidays and is_holiday(edition.calendar, day):
        return of_holidays
    return [shift for shift in shifts if WEEKDAYS[day.weekday()] in shift.days]


def is_holiday(calendar: Calendar, day: date) -> bool:
    """Return whether a date is a public holiday of a calendar."""
    return calendar.holidays is not None and day in calendar.holidays.off


def _instant(edition: RosterEdition, day: date, at: time) -> datetime:
    """Return a local time in UTC. See Note [Hand-over]."""
    return datetime.combine(day, at, edition.calendar.zone).astimezone(UTC)
