"""The four units, to the microsecond, in zones with and without summer time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.calendar import Calendar, calendar
from engine.calendars.deadlines import MOST, Unit, due
from tests.case_actions import HOUR, MICROSECOND, refusal

OFFICE, HOTLINE, BERLIN = (calendar(name) for name in ("cn-office", "cn-hotline", "berlin-office"))

FROM = datetime(2024, 1, 1, tzinfo=UTC)

instants = st.timedeltas(timedelta(), timedelta(days=4 * 365)).map(lambda span: FROM + span)
spans = st.timedeltas(MICROSECOND, 400 * HOUR)
calendars = st.sampled_from([OFFICE, HOTLINE, BERLIN])


def at(business_calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=business_calendar.zone)


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-02T09:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T09:00", 3, "2026-03-02T12:00"),  # used up at noon: due at noon
        ("2026-03-02T09:00", 8, "2026-03-02T18:00"),  # used up at close: due at close
        ("2026-03-02T09:00", 9, "2026-03-03T10:00"),
        ("2026-03-02T11:30", 1, "2026-03-02T13:30"),
        ("2026-03-02T12:00", 1, "2026-03-02T14:00"),
        ("2026-03-02T03:00", 8, "2026-03-02T18:00"),
        ("2026-03-02T18:00", 8, "2026-03-03T18:00"),
        ("2026-03-06T17:00", 2, "2026-03-09T10:00"),
        ("2026-03-07T11:00", 5, "2026-03-09T15:00"),
        ("2026-12-31T17:00", 2, "2027-01-01T10:00"),
    ],
)
def test_business_hours_count_only_within_working_intervals(start: str, amount: int, end: str):
    assert due(OFFICE, at(OFFICE, start), amount, Unit.BUSINESS_HOURS) == at(OFFICE, end)


def test_a_working_interval_ends_to_the_microsecond():
    nine, noon, thirteen = (at(OFFICE, f"2026-03-02T{hour}:00") for hour in ("09", "12", "13"))
    assert OFFICE.after(nine, 3 * HOUR) == noon
    assert OFFICE.after(nine, 3 * HOUR - MICROSECOND) == noon - MICROSECOND
    assert OFFICE.after(nine, 3 * HOUR + MICROSECOND) == thirteen + MICROSECOND
    assert OFFICE.after(noon - MICROSECOND, MICROSECOND) == noon
    assert OFFICE.after(noon, MICROSECOND) == thirteen + MICROSECOND
    assert OFFICE.worked(noon - MICROSECOND, thirteen + MICROSECOND) == 2 * MICROSECOND


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-03-02T09:00", 1, "2026-03-03T18:00"),
        ("2026-03-02T23:59", 1, "2026-03-03T18:00"),
        ("2026-03-06T09:00", 1, "2026-03-09T18:00"),
        ("2026-03-07T09:00", 1, "2026-03-09T18:00"),
        ("2026-03-02T09:00", 5, "2026-03-09T18:00"),
        ("2025-12-31T09:00", 1, "2026-01-04T18:00"),
    ],
)
def test_the_starting_date_does_not_count_and_business_days_end_at_close(start: str, amount: int, end: str):
    assert due(OFFICE, at(OFFICE, start), amount, Unit.BUSINESS_DAYS) == at(OFFICE, end)


def test_without_working_hours_a_business_day_ends_at_midnight_and_every_hour_counts():
    start = at(HOTLINE, "2026-03-07T09:00")
    assert due(HOTLINE, start, 2, Unit.BUSINESS_DAYS) == at(HOTLINE, "2026-03-10T00:00")
    assert due(HOTLINE, start, 30, Unit.BUSINESS_HOURS) == due(HOTLINE, start, 30, Unit.HOURS) == start + 30 * HOUR


@pytest.mark.parametrize(
    ("unit", "start", "amount", "end"),
    [
        (Unit.HOURS, "2026-03-28T20:00+01:00", 12, "2026-03-29T09:00+02:00"),  # the night is an hour shorter
        (Unit.DAYS, "2026-03-28T20:00+01:00", 1, "2026-03-29T20:00+02:00"),
        (Unit.DAYS, "2026-03-28T02:30+01:00", 1, "2026-03-29T03:30+02:00"),  # 02:30 does not exist
        (Unit.BUSINESS_HOURS, "2026-03-27T16:00+01:00", 2, "2026-03-30T09:00+02:00"),
        (Unit.BUSINESS_DAYS, "2026-03-27T16:00+01:00", 1, "2026-03-30T17:00+02:00"),
        (Unit.HOURS, "2026-10-24T20:00+02:00", 12, "2026-10-25T07:00+01:00"),  # the night is an hour longer
        (Unit.DAYS, "2026-10-24T20:00+02:00", 1, "2026-10-25T20:00+01:00"),
        (Unit.DAYS, "2026-10-24T02:30+02:00", 1, "2026-10-25T02:30+02:00"),  # 02:30 exists twice: the first counts
        (Unit.BUSINESS_HOURS, "2026-10-23T16:00+02:00", 2, "2026-10-26T09:00+01:00"),
        (Unit.BUSINESS_DAYS, "2026-10-23T16:00+02:00", 1, "2026-10-26T17:00+01:00"),
    ],
)
def test_deadlines_across_a_change_of_summer_time(unit: Unit, start: str, amount: int, end: str):
    begin = datetime.fromisoformat(start)
    assert due(BERLIN, begin, amount, unit) == due(BERLIN, begin.astimezone(BERLIN.zone), amount, unit)
    assert due(BERLIN, begin, amount, unit) == datetime.fromisoformat(end)


@given(calendars, instants, spans, spans)
def test_working_time_adds_up(business_calendar: Calendar, start: datetime, first: timedelta, second: timedelta):
    assert business_calendar.after(business_calendar.after(start, first), second) == business_calendar.after(
        start, first + second
    )
    assert business_calendar.worked(start, business_calendar.after(start, first)) == first


@given(calendars, instants, spans, spans)
def test_a_longer_span_ends_later(business_calendar: Calendar, start: datetime, span: timedelta, more: timedelta):
    assert start < business_calendar.after(start, span) < business_calendar.after(start, span + more)


@given(calendars, instants, st.integers(1, 300), st.sampled_from(Unit))
def test_a_larger_amount_ends_later_in_every_unit(
    business_calendar: Calendar, start: datetime, amount: int, unit: Unit
):
    assert start < due(business_calendar, start, amount, unit) < due(business_calendar, start, amount + 1, unit)


@given(calendars, instants, instants)
def test_working_time_of_two_parts_is_that_of_the_whole(business_calendar: Calendar, first: datetime, second: datetime):
    begin, end = min(first, second), max(first, second)
    middle = begin + (end - begin) / 2
    assert (
        business_calendar.worked(begin, middle) + business_calendar.worked(middle, end)
        == business_calendar.worked(begin, end)
        <= end - begin
    )
    assert business_calendar.worked(end, begin) == timedelta()


@pytest.mark.parametrize("amount", [0, -1, MOST + 1])
def test_an_amount_outside_its_range_is_refused(amount: int):
    assert refusal(lambda: due(OFFICE, at(OFFICE, "2026-03-02T09:00"), amount, Unit.HOURS)).code == "bad_amount"


@pytest.mark.parametrize(
    ("unit", "start"), [*((unit, "2199") for unit in Unit), (Unit.DAYS, "2026"), (Unit.BUSINESS_DAYS, "9999")]
)
def test_a_deadline_too_far_in_the_future_is_refused(unit: Unit, start: str):
    refused = refusal(lambda: due(OFFICE, at(OFFICE, f"{start}-03-02T09:00"), MOST, unit))
    assert refused.code == "deadline_too_far"
