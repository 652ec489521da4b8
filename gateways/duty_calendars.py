"""Read a duty roster from an iCalendar file (RFC 5545): an event is a shift of whom its summary names (B11).

Events that come again are read as single shifts up to ``HORIZON``: a roster that ends is a gap that the night names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from gateways.duty_tables import KnownPosts
from gateways.problems import Problem, Unreadable, excerpt
from gateways.regular_files import check_regular
from models.shifts import DatedShift, ReadShifts

SUFFIXES: Final = (".ics", ".ical")
LIMIT: Final = 2 * 2**20
"""The largest file, in bytes."""
HORIZON: Final = timedelta(days=400)
LONGEST: Final = timedelta(days=31)
"""The longest shift: a longer one is a typing error."""
MOST_EVENTS: Final = 500
MOST_PROBLEMS: Final = 100
TOO_OFTEN: Final = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
WITHIN_DAY: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
"""Parts of a rule by which an event could come again thousands of times a day."""
MALFORMED: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)
"""What the libraries raise on what is no calendar, or on an event that contradicts itself."""
SUMMARY, START, RULE = "SUMMARY", "DTSTART", "RRULE"


@dataclass(frozen=True, slots=True)
class OfPost:
    """What the events of a file are shifts of: a department (or ``HOUSE``) and a level. ``zone`` is that of events
    that name none."""

    department: str
    level: int
    zone: ZoneInfo


def calendar_shifts(path: Path, post: OfPost, known: KnownPosts, since: datetime) -> ReadShifts:
    """Return the shifts of the events that end after ``since``, the earliest first.

    Raises ``Unreadable`` with each fault: ``row`` counts the events of the file. Then nothing of it is used.
    """
    calendar, name = _parsed(path), excerpt(path.name)
    problems = list(_faults(calendar, known))
    if problems:
        raise Unreadable(*problems[:MOST_PROBLEMS])
    until = since + HORIZON
    shifts = sorted(_shifts(calendar, post, since, until), key=lambda shift: (shift.starts_at, shift.person))
    if not shifts:
        raise Unreadable(Problem(None, None, "bad_file.no_shifts", {"file": name}))
    if wrong := next((shift for shift in shifts if not timedelta() < shift.ends_at - shift.starts_at <= LONGEST), None):
        params = {"start": wrong.starts_at.isoformat(), "days": LONGEST.days}
        raise Unreadable(Problem(None, START, "bad_file.bad_length", params))
    return ReadShifts(shifts, until)


def _parsed(path: Path) -> Any:
    from icalendar import Calendar  # a large library: only where a calendar is read

    name = excerpt(path.name)
    try:
        check_regular(path, LIMIT)
        return Calendar.from_ical(path.read_bytes())
    except FileNotFoundError:
        raise Unreadable(Problem(None, None, "bad_file.missing_file", {"file": name})) from None
    except OSError as error:
        raise Unreadable(Problem(None, None, "bad_file.unreadable_file", {"file": name})) from error
    except MALFORMED as error:
        raise Unreadable(Problem(None, None, "bad_file.no_calendar", {"file": name})) from error


def _faults(calendar: Any, known: KnownPosts) -> Iterator[Problem]:
    """Yield what is wrong with each event: nobody of the staff, no beginning, a rule that comes again too often."""
    events = list(calendar.walk("VEVENT"))
    if len(events) > MOST_EVENTS:
        yield Problem(None, None, "bad_file.too_many_events", {"count": len(events), "most": MOST_EVENTS})
        return
    for number, event in enumerate(events, start=1):
        if event.errors:
            broken = ", ".join(sorted({str(name) for name, _ in event.errors}))
            yield Problem(number, excerpt(broken), "bad_file.broken_event")
            continue
        for person in _people(event):
            if person not in known.people:
                yield Problem(number, SUMMARY, "bad_file.unknown_person", {"value": excerpt(person)})
        if START not in event:
            yield Problem(number, START, "bad_file.no_start")
        rules: Any = event.get(RULE, [])
        for rule in cast(list[Any], rules if isinstance(rules, list) else [rules]):
            if {str(each).upper() for each in rule.get("FREQ", [])} & TOO_OFTEN or WITHIN_DAY & set(rule):
                yield Problem(number, RULE, "bad_file.too_often")


def _people(event: Any) -> list[str]:
    return [person.strip() for person in str(event.get(SUMMARY, "")).replace("，", ",").split(",")]


def _shifts(calendar: Any, post: OfPost, since: datetime, until: datetime) -> Iterator[DatedShift]:
    import recurring_ical_events  # pyright: ignore[reportMissingTypeStubs]

    try:
        events: list[Any] = [*recurring_ical_events.of(calendar).between(since, until)]
    except MALFORMED as error:
        raise Unreadable(Problem(None, RULE, "bad_file.bad_rule")) from error
    for event in events:
        if str(event.get("STATUS", "")).upper() != "CANCELLED":
            starts_at, ends_at = (_instant(event[name].dt, post.zone) for name in (START, "DTEND"))
            for person in _people(event):
                yield DatedShift(post.department, post.level, starts_at, ends_at, person)


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC; a date begins at midnight, and a time without a zone is one of ``zone``."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
