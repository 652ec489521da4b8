"""The time in which somebody is there: measured, counted forward, by days of a sort and local hours."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.calendar import calendar
from models.columns import to_micros
from reports.staffing.staffed_hours import HOLIDAY, HOUR, StaffedHours, day_sorts, on_hours

pytestmark = pytest.mark.requirement("K3")

peoples = st.lists(st.integers(0, 3), min_size=1, max_size=60)


@given(peoples, st.integers(0, 60 * HOUR), st.integers(1, 20 * HOUR))
def test_so_much_staffed_time_passes_until_the_instant_that_is_computed(people: list[int], start: int, amount: int):
    hours = StaffedHours(0, people)
    end = hours.after(start, amount)
    if end is None:
        assert hours.worked(start, len(people) * HOUR) < amount
    else:
        assert hours.worked(start, end) == amount


@given(peoples)
def test_the_changes_give_the_people_of_each_hour(people: list[int]):
    changes = StaffedHours(0, people).changes()
    for hour, count in enumerate(people):
        assert [there for at, there in changes if at <= hour * HOUR][-1] == count
    assert changes[-1] == (len(people) * HOUR, 0)


def test_a_holiday_is_a_sort_of_its_own_and_a_weekend_made_up_for_it_counts_as_a_friday():
    sort = day_sorts(calendar("cn-office"))
    days = [date(2026, month, day) for month, day in ((10, 1), (10, 10), (10, 12), (10, 18))]
    assert [sort(day) for day in days] == [HOLIDAY, 4, 0, 6]


def test_people_come_at_local_hours_and_later_where_they_are_shifted():
    place = calendar("cn-office")
    begin = to_micros(datetime(2026, 3, 1, 16, tzinfo=UTC))  # Monday, at midnight in Shanghai
    usual, later = (on_hours({(0, 9): 2}, place, begin, begin + 24 * HOUR, shift) for shift in (0, 3))
    assert [hour for hour, people in enumerate(usual.people) if people] == [9]
    assert [hour for hour, people in enumerate(later.people) if people] == [12]
