"""Public holidays, made-up working days, and the last published day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.holiday_tables import COVERED, FOLDER, tables
from engine.calendars.calendar import Calendar, calendar
from engine.calendars.deadlines import Unit, due, explained, provisional, sort_of

OFFICE, HOTLINE, BERLIN = (calendar(name) for name in ("cn-office", "cn-hotline", "berlin-office"))
MADE_UP = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")


def at(business_calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=business_calendar.zone)


def local_deadline(business_calendar: Calendar, start: str, amount: int, unit: Unit) -> str:
    return (
        business_calendar.local(due(business_calendar, at(business_calendar, start), amount, unit))
        .replace(tzinfo=None)
        .isoformat(timespec="minutes")
    )


@pytest.mark.parametrize("country", COVERED)
def test_the_tables_agree_with_their_source(country: str):
    assert (FOLDER / f"{country}.toml").read_text("utf-8") == tables()[country]


@pytest.mark.parametrize("day", MADE_UP)
def test_a_made_up_day_is_a_working_day(day: str):
    assert date.fromisoformat(day).weekday() >= 5
    assert OFFICE.works(date.fromisoformat(day))
    assert local_deadline(OFFICE, f"{day}T09:00", 8, Unit.BUSINESS_HOURS) == f"{day}T18:00"


def test_no_other_weekend_of_2026_has_a_working_day():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert tuple(str(day) for day in days if day.weekday() >= 5 and OFFICE.works(day)) == MADE_UP


def test_a_holiday_consumes_no_business_hours():
    plain, holiday = ("2026-03-02T17:00", "2026-03-03T11:00"), ("2026-09-30T17:00", "2026-10-08T11:00")
    for start, end in (plain, holiday):
        assert local_deadline(OFFICE, start, 3, Unit.BUSINESS_HOURS) == end


def test_a_made_up_saturday_counts():
    assert local_deadline(OFFICE, "2026-10-09T17:00", 2, Unit.BUSINESS_HOURS) == "2026-10-10T10:00"
    assert local_deadline(OFFICE, "2026-10-09T17:00", 1, Unit.BUSINESS_DAYS) == "2026-10-10T18:00"
    assert local_deadline(OFFICE, "2026-10-16T17:00", 1, Unit.BUSINESS_DAYS) == "2026-10-19T18:00"


def test_holidays_of_one_country_do_not_apply_to_another():
    assert not BERLIN.works(date(2026, 10, 3))
    assert local_deadline(BERLIN, "2026-12-24T16:00", 2, Unit.BUSINESS_HOURS) == "2026-12-28T09:00"
    assert local_deadline(OFFICE, "2026-12-24T17:00", 2, Unit.BUSINESS_HOURS) == "2026-12-25T10:00"


@pytest.mark.parametrize(
    ("unit", "end"),
    [
        (Unit.DAYS, "2027-01-04T10:00"),
        (Unit.BUSINESS_DAYS, "2027-01-06T18:00"),
        (Unit.BUSINESS_HOURS, "2026-12-28T18:00"),
    ],
)
def test_a_deadline_past_the_published_years_is_provisional(unit: Unit, end: str):
    start = at(OFFICE, "2026-12-28T10:00")
    assert local_deadline(OFFICE, "2026-12-28T10:00", 7, unit) == end
    assert provisional(OFFICE, start, due(OFFICE, start, 7, unit), unit) is end.startswith("2027")


def test_the_last_published_day_is_certain():
    start = at(OFFICE, "2026-12-30T10:00")
    assert OFFICE.covered_until == date(2026, 12, 31)
    assert not provisional(OFFICE, start, due(OFFICE, start, 1, Unit.BUSINESS_DAYS), Unit.BUSINESS_DAYS)
    assert provisional(OFFICE, start, due(OFFICE, start, 2, Unit.BUSINESS_DAYS), Unit.BUSINESS_DAYS)


def test_a_deadline_that_no_holiday_can_change_is_certain():
    start = at(OFFICE, "2026-12-28T10:00")
    for business_calendar, unit in ((OFFICE, Unit.HOURS), *((HOTLINE, unit) for unit in Unit)):
        assert not provisional(business_calendar, start, due(business_calendar, start, 200, unit), unit)


def test_a_deadline_before_the_tables_is_provisional():
    start = at(OFFICE, "2012-03-05T10:00")
    assert provisional(OFFICE, start, due(OFFICE, start, 1, Unit.DAYS), Unit.DAYS)


def test_every_sort_of_day_is_named():
    days = {"2026-10-09": "working", "2026-10-10": "made_up", "2026-10-01": "holiday", "2026-10-11": "weekend"}
    assert {day: sort_of(OFFICE, date.fromisoformat(day)) for day in days} == days
    assert sort_of(OFFICE, date(2027, 10, 1)) == "unknown"
    assert sort_of(HOTLINE, date(2027, 10, 1)) == "working"


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("business_calendar", [OFFICE, HOTLINE, BERLIN])
def test_an_explanation_counts_up_to_the_amount(business_calendar: Calendar, unit: Unit):
    start = datetime(2026, 9, 30, 9, 17, tzinfo=UTC)
    days = list(explained(business_calendar, start, due(business_calendar, start, 30, unit), unit))
    assert days[-1].total == (timedelta(hours=30) if "hours" in unit else 30)
    assert days[0].day == date(2026, 9, 30)


def test_calendars_have_equal_versions_only_if_they_are_equal():
    copy = Calendar("copy", OFFICE.zone, OFFICE.weekdays, OFFICE.hours, OFFICE.holidays)
    assert copy.version == OFFICE.version
    assert len({OFFICE.version, HOTLINE.version, BERLIN.version}) == 3
    assert Calendar("less", OFFICE.zone, OFFICE.weekdays, OFFICE.hours).version != OFFICE.version
