"""Working hours and local dates, in zones with and without summer time."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.calendars.calendar import Calendar, calendar, calendars_in, shipped
from engine.calendars.calendar_table import written
from tests.case_actions import START, refusal

OFFICE = calendar("cn-office")
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("instant", "opens"),
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
def test_the_next_open_hour_skips_noon_night_and_weekend(instant: str, opens: str):
    at, expected = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (instant, opens))
    assert OFFICE.next_open(at) == expected
    assert (OFFICE.next_open(at) == at) is (instant == opens)


def test_a_calendar_without_hours_is_always_open():
    assert calendar("cn-hotline").next_open(START) is START


def test_a_calendar_that_never_opens_is_refused():
    never = Calendar("never", SHANGHAI, (), ((time(9), time(10)),))
    assert refusal(lambda: never.next_open(START)).code == "calendar_never_open"


def test_an_unknown_calendar_is_refused_with_the_known_ones():
    refused = refusal(lambda: calendar("moon"))
    assert (refused.code, refused.params["calendar"]) == ("unknown_calendar", "moon")
    assert "cn-office" in refused.params["known"]


@pytest.mark.parametrize(
    ("zone", "begin", "days", "end"),
    [
        (SHANGHAI, "2026-03-02T09:00", 7, "2026-03-09T01:00"),
        (BERLIN, "2026-03-28T09:00", 1, "2026-03-29T07:00"),  # a day of 23 hours
        (BERLIN, "2026-10-24T09:00", 1, "2026-10-25T08:00"),  # a day of 25
        (BERLIN, "2026-03-28T02:30", 1, "2026-03-29T01:30"),  # a local time that does not exist: the gap is added
        (BERLIN, "2026-10-24T02:30", 1, "2026-10-25T00:30"),  # one that exists twice: the first counts
    ],
)
def test_days_are_local_dates(zone: ZoneInfo, begin: str, days: int, end: str):
    later = Calendar("some", zone).days_later(datetime.fromisoformat(begin).replace(tzinfo=zone), days)
    assert later == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert later.tzinfo is UTC


VALID_CALENDAR = """
[desk]
zone = "Asia/Shanghai"
weekdays = [0, 1]
hours = [["09:00", "12:00"], ["13:00", "18:00"]]

[desk.years.2026]
off = [2026-01-01, 2026-01-02]
worked = [2026-01-04]
"""


def test_a_calendar_may_hold_its_own_years():
    desk = calendars_in(VALID_CALENDAR, "some.toml")["desk"]
    assert (desk.weekdays, desk.hours[1], desk.covered_until) == ((0, 1), (time(13), time(18)), date(2026, 12, 31))
    assert [desk.works(date(2026, 1, day)) for day in (1, 4, 5, 7)] == [False, True, True, False]


def test_its_own_years_replace_those_of_the_country():
    text = VALID_CALENDAR.replace("weekdays", 'holidays = "CN"\nweekdays')
    desk = calendars_in(text, "some.toml")["desk"]
    assert desk.holidays is not None
    assert desk.holidays.covered == (2020, 2026)
    assert date(2025, 10, 1) in desk.holidays.off
    assert date(2026, 10, 1) not in desk.holidays.off


@pytest.mark.parametrize("name", shipped())
def test_a_calendar_is_written_and_read_back_unchanged(name: str):
    original = calendar(name)
    [read_back] = calendars_in(written(original), "copy.toml").values()
    assert read_back == original
    assert read_back.version == original.version


FAULTS = {
    "an unknown zone": ("Asia/Shanghai", "Asia/Moon", "desk.zone", "write it like Asia/Shanghai"),
    "no zone": ('zone = "Asia/Shanghai"', "", "desk.zone", "no zone None"),
    "an unknown key": (
        "weekdays",
        "weekday",
        "desk.weekday",
        "use exceptions, holidays, hours",
    ),
    "an unknown weekday": ("[0, 1]", "[0, 7]", "desk.weekdays", "from 0 (Monday) to 6"),
    "a weekday twice": ("[0, 1]", "[0, 0]", "desk.weekdays", "different"),
    "a boolean for a weekday": ("[0, 1]", "[0, true]", "desk.weekdays", "different weekdays"),
    "hours that end before they begin": ('"12:00"', '"08:00"', "desk.hours", "09:00 to 08:00 ends before it begins"),
    "hours of no length": ('"12:00"', '"09:00"', "desk.hours", "ends before it begins"),
    "hours that overlap": ('"12:00"', '"13:30"', "desk.hours", "begins before the one until 13:30 is over"),
    "hours out of order": ('"13:00", "18:00"', '"07:00", "08:00"', "desk.hours", "is over"),
    "an invalid hour": ('"12:00"', '"25:00"', "desk.hours", "pairs like"),
    "an hour without its end": ('["09:00", "12:00"]', '["09:00"]', "desk.hours", "pairs like"),
    "an hour with a zone": ('"12:00"', '"12:00+08:00"', "desk.hours", "pairs like"),
    "weekdays without hours": (
        'hours = [["09:00", "12:00"], ["13:00", "18:00"]]',
        "",
        "desk.hours",
        "weekdays and hours go together",
    ),
    "hours without weekdays": ("weekdays = [0, 1]", "", "desk.weekdays", "go together"),
    "a day off and worked": ("[2026-01-04]", "[2026-01-01]", "desk.years.2026", "2026-01-01 is both off and worked"),
    "a day of another year": ("2026-01-02", "2027-01-02", "desk.years.2026.off.1", "must be a day of 2026"),
    "an impossible date": ("2026-01-02", '"2026-02-30"', "desk.years.2026.off.1", "must be a day of 2026"),
    "an instant for a day": ("2026-01-02", "2026-01-02T08:00:00", "desk.years.2026.off.1", "must be a day"),
    "a date instead of a list": ("[2026-01-04]", "2026-01-04", "desk.years.2026.worked", "must be a list"),
    "an unknown list": ("worked", "works", "desk.years.2026.works", "use off and worked"),
    "an invalid year": ("years.2026", "years.soon", "desk.years.soon", "like [2027]"),
    "an unknown country": ("weekdays", 'holidays = "XX"\nweekdays', "desk.holidays", "no table XX"),
    "a path for a country": ("weekdays", 'holidays = "../CN"\nweekdays', "desk.holidays", "no table ../CN"),
    "a year missing in between": (
        "[desk.years.2026]",
        "[desk.years.2024]\noff = []\n[desk.years.2026]",
        "desk.years",
        "the year 2025 is missing",
    ),
    "holidays without hours": (
        'weekdays = [0, 1]\nhours = [["09:00", "12:00"], ["13:00", "18:00"]]',
        "",
        "desk.hours",
        "never sleeps has no holidays",
    ),
    "a name with a capital": ("[desk]", "[Desk]", "Desk", "lower-case"),
}


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_calendar_is_refused_with_field_and_reason(fault: str):
    old, new, field, why = FAULTS[fault]
    refused = refusal(lambda: calendars_in(VALID_CALENDAR.replace(old, new), "some.toml"))
    assert (refused.code, refused.params["file"]) == ("bad_calendar", "some.toml")
    assert any(entry["field"] == field and why in entry["why"] for entry in refused.params["faults"]), refused.params


def test_all_faults_are_reported_at_once():
    bad = VALID_CALENDAR.replace("Asia/Shanghai", "Asia/Moon").replace("[0, 1]", "[9]") + '[other]\nzone = "x"\n'
    refused = refusal(lambda: calendars_in(bad, "some.toml"))
    assert [entry["field"] for entry in refused.params["faults"]] == ["desk.zone", "desk.weekdays", "other.zone"]


@pytest.mark.parametrize("text", ["[desk", "desk = 3", "years = {}"])
def test_a_text_without_calendars_is_refused(text: str):
    assert refusal(lambda: calendars_in(text, "some.toml")).code == "bad_calendar"
