"""Lives that are not over are continued as Kaplan and Meier would; days are drawn from days of their sort."""

from datetime import date, timedelta
from random import Random

import pytest

from reports.staffing.arrivals import Days, Source
from reports.staffing.fitting import Ready, quartiles, split_steps
from reports.staffing.lives import CaseStart, Life, Move, Rests, Step
from reports.staffing.staffed_hours import HOUR, StaffedHours

pytestmark = pytest.mark.requirement("K3")

DAY = timedelta(days=1)
MINUTE = HOUR // 60
MONDAY = date(2026, 3, 2)


def move(at: int, source: str = "received", dest: str = "classified", case: int = 1, person: int = 7) -> Move:
    return Move(case, 2, "classify", source, dest, 1, "cli", at, "", "{}", person, True, "desk")


def life(stay: int, left_after: int | None = None) -> Life:
    """Return a case that came in at 0 and left its first state after so long, or has stood there for ``stay``."""
    case, opening = CaseStart(1, "cp-26-000001", "complaint", "logistics", "mail", 0), move(0, "", "received")
    steps = () if left_after is None else (Step(move(left_after), "desk", left_after, 0),)
    return Life(case, opening, steps, stay, left_after is not None)


def test_the_rest_of_a_case_comes_from_cases_that_stood_as_long():
    rests, random = Rests([life(0, hours * HOUR) for hours in (1, 2, 5, 9)]), Random(1)
    ends = {rests.continued(life(3 * HOUR), random).steps[0].delay for _ in range(50)}
    assert ends == {5 * HOUR, 9 * HOUR}


def test_shares_that_leave_late_are_those_of_kaplan_and_meier():
    """One of four leaves after an hour, one is lost after two: of the two left, both later ones stand for 3/8."""
    lives, random = [life(0, HOUR), life(2 * HOUR), life(0, 3 * HOUR), life(0, 4 * HOUR)], Random(5)
    rests = Rests(lives)
    left = [rests.continued(each, random) for each in lives for _ in range(4_000)]
    later = sum(each.steps != () and each.steps[0].delay == 4 * HOUR for each in left) / len(left)
    assert later == pytest.approx(0.375, abs=0.05)


def test_a_case_that_stood_longer_than_any_other_stays():
    only = life(9 * HOUR)
    assert Rests([life(0, HOUR)]).continued(only, Random(1)) is only


def test_days_come_from_recent_days_of_the_same_sort_and_peaks_on_their_date_alone():
    lives = {MONDAY + n * DAY: [life(0, HOUR)] * (50 if n == 30 else 2) for n in range(120)}
    days = Days(lives, MONDAY, MONDAY + 119 * DAY, date.weekday)
    drawn = list(days.drawn(MONDAY + 126 * DAY, 28, Random(2)))
    assert len(drawn) == 56
    assert all(source.days % 7 == 0 and source.days <= 126 + 27 - (120 - 60) + 7 for source in drawn)
    peak = MONDAY + 30 * DAY
    assert len(list(days.drawn(peak.replace(year=2027), 1, Random(2)))) == 50


def test_more_demand_brings_every_case_of_less_demand_and_none_brings_none():
    sources = [Source(life(0, HOUR), 0, chance / 10) for chance in range(10)]
    for source in sources:
        copies = [source.copies(demand) for demand in (0, 0.4, 1, 1.7, 3)]
        assert copies == sorted(copies)
        assert (copies[0], copies[2], copies[4]) == (0, 1, 3)
    assert sum(source.copies(1.7) for source in sources) == 17


def test_who_takes_up_a_waiting_case_works_on_it_and_a_case_waits_while_he_works_on_another():
    """Twenty-five cases are ready at 0, and one person ends one every ten minutes."""
    steps = [Ready(move(number * 10 * MINUTE, case=number), 0) for number in range(1, 26)]
    hours = {"desk": StaffedHours(0, [1] * 48)}
    split = split_steps(steps, hours, quartiles(steps, hours))
    assert [each.work for each in split] == [10 * MINUTE] * 25
    assert [each.delay for each in split] == [0] * 25


def test_what_lies_before_work_that_nobody_was_busy_with_is_delay():
    busy = [Ready(move(number * 10 * MINUTE, case=number), 0) for number in range(1, 26)]
    late = Ready(move(20 * HOUR, case=99), 10 * HOUR)
    hours = {"desk": StaffedHours(0, [1] * 48)}
    *_, last = split_steps([*busy, late], hours, quartiles([*busy, late], hours))
    assert (last.delay, last.work) == (10 * HOUR - 10 * MINUTE, 10 * MINUTE)


def test_too_few_times_of_work_make_no_work():
    steps = [Ready(move(number * 10 * MINUTE, case=number), 0) for number in range(1, 10)]
    hours = {"desk": StaffedHours(0, [1] * 48)}
    assert {each.desk for each in split_steps(steps, hours, quartiles(steps, hours))} == {""}
