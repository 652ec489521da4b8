"""Callbacks are planned in working hours, each on another day and at another hour, inside the window."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.calendar import calendar
from engine.calendars.calling_hours import FIRST_AFTER, NEXT_AFTER, Wish, last_hour, planned

pytestmark = pytest.mark.requirement("D1")

OFFICE = calendar("cn-office")
WEEK = timedelta(days=7)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of March 2026 in Shanghai; the 2nd is a Monday."""
    return datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hour - 8, minutes=minute)


def wish(wanted: datetime, ends: datetime | None = None, now: datetime | None = None) -> Wish:
    return Wish(wanted, ends, now or wanted - FIRST_AFTER)


@given(st.integers(0, 2 * 365 * 24 * 60), st.sampled_from(["cn-office", "berlin-office"]))
def test_three_attempts_are_on_three_days_at_three_hours(minutes: int, name: str):
    business_calendar = calendar(name)
    resolved = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    times = [planned(business_calendar, Wish(resolved + FIRST_AFTER, None, resolved))]
    for _ in range(2):
        times.append(planned(business_calendar, Wish(times[-1] + NEXT_AFTER, None, times[-1]), times))
    assert all(business_calendar.next_open(time) == time > resolved for time in times)
    local_times = [business_calendar.local(time) for time in times]
    assert all(first.date() < second.date() for first, second in pairwise(local_times))
    hours = [time.hour + time.minute / 60 for time in local_times]
    assert all(abs(first - second) >= 2 for first, second in combinations(hours, 2)), hours


@given(st.integers(0, 365 * 24 * 60))
def test_in_a_week_without_holidays_three_attempts_fit_into_seven_days(minutes: int):
    """The holidays of spring and autumn may leave fewer working days than that."""
    resolved = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends = resolved + WEEK
    if sum(OFFICE.works((resolved + timedelta(days=n)).date()) for n in range(1, 8)) < 5:
        return
    times = [planned(OFFICE, Wish(resolved + FIRST_AFTER, ends, resolved))]
    for _ in range(2):
        times.append(planned(OFFICE, Wish(times[-1] + NEXT_AFTER, ends, times[-1]), times))
    assert max(times) <= ends
    assert len({OFFICE.local(time).date() for time in times}) == 3


def test_a_call_after_the_window_is_moved_to_its_last_working_hour():
    assert planned(OFFICE, wish(at(6, 9), ends=at(5, 18), now=at(3, 9))) == at(5, 17)
    assert planned(OFFICE, wish(at(9, 9), ends=at(8, 20), now=at(3, 9))) == at(6, 17), "over a weekend"
    assert planned(OFFICE, wish(at(4, 9), ends=at(3, 9, 20), now=at(2, 9))) == at(3, 9), (
        "the window ends within the hour"
    )


def test_within_the_last_working_hour_the_call_is_made_at_once():
    assert planned(OFFICE, wish(at(6, 9), ends=at(5, 18), now=at(5, 17, 30))) == at(5, 17, 30)


def test_a_window_without_a_working_hour_left_is_exceeded():
    assert planned(OFFICE, wish(at(6, 9), ends=at(5, 18), now=at(5, 18, 30))) == at(6, 9)
    assert planned(OFFICE, wish(at(6, 9), ends=at(1, 18), now=at(5, 9))) == at(6, 9)
    assert planned(OFFICE, wish(at(6, 9), ends=at(5, 20), now=at(5, 19))) == at(6, 9), "no call outside working hours"


def test_a_further_attempt_is_not_on_the_day_of_the_last_one():
    today = [at(5, 9)]
    assert planned(OFFICE, wish(at(6, 12), ends=at(5, 18), now=at(5, 9)), today) == at(6, 13)
    assert planned(OFFICE, wish(at(6, 12), ends=at(5, 18), now=at(5, 9))) == at(5, 17)
    assert planned(OFFICE, wish(at(9, 12), ends=at(6, 18), now=at(5, 9)), today) == at(6, 17)


def test_another_hour_is_chosen_unless_the_window_ends_before_it():
    """After Friday 13:00 the next working instant is Monday 9:00, an hour that was tried on Thursday."""
    tried = [at(5, 9), at(6, 13)]
    assert planned(OFFICE, wish(at(7, 16), now=at(6, 13)), tried) == at(9, 11)
    assert planned(OFFICE, wish(at(7, 16), ends=at(9, 11), now=at(6, 13)), tried) == at(9, 11)
    assert planned(OFFICE, wish(at(7, 16), ends=at(9, 10), now=at(6, 13)), tried) == at(9, 9)


def test_if_every_hour_was_tried_the_next_one_is_taken():
    tried = [at(3, hour) for hour in (9, 11, 13, 15, 17)]
    assert planned(OFFICE, wish(at(4, 10), now=at(3, 18)), tried) == at(4, 10)


def test_the_last_hour_of_the_window_includes_its_last_instant():
    assert planned(OFFICE, wish(at(4, 9), ends=at(4, 9))) == at(4, 9)


def test_without_working_hours_the_last_hour_is_that_before_the_end():
    always = calendar("cn-hotline")
    assert last_hour(always, at(8, 3)) == at(8, 2)
    assert planned(always, wish(at(9, 3), ends=at(8, 3), now=at(7, 3))) == at(8, 2)
