"""Working hours and local dates, in zones that jump and in one that does not."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import Calendar, calendar
from tests.telling import START, refusal

OFFICE = calendar("cn-office")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-03-02T09:00", "2026-03-02T09:00"),
        ("2026-03-02T08:59", "2026-03-02T09:00"),
        ("2026-03-02T11:59", "2026-03-02T11:59"),
        ("2026-03-02T12:00", "2026-03-02T13:00"),
        ("2026-03-02T18:00", "2026-03-03T09:00"),
        ("2026-03-06T18:30", "2026-03-09T09:00"),
        ("2026-03-07T10:00", "2026-03-09T09:00"),
        ("2026-12-31T23:59", "2027-01-01T09:00"),
    ],
)
def test_the_next_open_hour_skips_noon_night_and_weekend(asked: str, opens: str):
    at, then = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (asked, opens))
    assert OFFICE.next_open(at) == then
    assert (OFFICE.next_open(at) == at) is (asked == opens)


def test_a_calendar_without_hours_never_sleeps():
    assert calendar("cn-hotline").next_open(START) is START


def test_a_calendar_that_never_opens_is_refused():
    never = Calendar("never", SHANGHAI, (), ((time(9), time(10)),))
    assert refusal(lambda: never.next_open(START)).code == "calendar_never_open"


def test_an_unknown_calendar_is_refused_with_the_known_ones():
    told = refusal(lambda: calendar("moon"))
    assert (told.code, told.params["calendar"]) == ("unknown_calendar", "moon")
    assert "cn-office" in told.params["known"]


@pytest.mark.parametrize(
    ("zone", "begin", "days", "end"),
    [
        (SHANGHAI, "2026-03-02T09:00", 7, "2026-03-09T01:00"),
        (BERLIN, "2026-03-28T09:00", 1, "2026-03-29T07:00"),  # a day of 23 hours
        (BERLIN, "2026-10-24T09:00", 1, "2026-10-25T08:00"),  # a day of 25
        (BERLIN, "2026-03-28T02:30", 1, "2026-03-29T01:30"),  # a local time that does not exist moves on
        (BERLIN, "2026-10-24T02:30", 1, "2026-10-25T00:30"),  # one that exists twice is the first
    ],
)
def test_days_are_local_dates(zone: ZoneInfo, begin: str, days: int, end: str):
    later = Calendar("some", zone).days_later(datetime.fromisoformat(begin).replace(tzinfo=zone), days)
    assert later == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert later.tzinfo is UTC
