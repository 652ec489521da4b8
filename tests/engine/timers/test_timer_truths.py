"""What a person may rely on when he reads a clock: pauses, priorities, holidays, rounds, outages."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps import views
from engine.audit.verify import verify
from engine.calendars.calendar import calendar
from engine.calendars.deadlines import Unit, due
from engine.commands.reprojection import reproject_due
from engine.escalation.fire import Sweep, fire_due
from engine.store import Store
from models.columns import from_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    fired_steps_of,
    make_move,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
    run_concurrently,
    timer_of,
)
from tests.editions import in_force

EIGHT = {"amount": 8, "unit": "business_hours", "calendar": "cn-office"}
FRIDAY = 4 * DAY + 8 * HOUR
"""Friday, five in the afternoon in Shanghai, one working hour before the weekend, as a time since ``START``."""
HOUSE = "solution"


def at(text: str) -> timedelta:
    """An instant of Shanghai as a time since ``START``."""
    return datetime.fromisoformat(f"{text}+08:00") - START


def ends(store: Store, number: str, clause: str = HOUSE, cycle: int = 1) -> timedelta:
    """When the running clock's whole budget is used up."""
    clock = timer_of(store, number, clause, cycle)
    place = calendar(clock["calendar"])
    left = (clock["allowance"] - clock["consumed"]) * MICROSECOND
    since = from_micros(clock["running_since"])
    return (place.after(since, left) if clock["unit"] == "business_hours" else since + left) - START


def opened_under(store: Store, after: timedelta, **limits: dict[str, Any]) -> str:
    in_force(store, limits)
    return new_case(store, after)


@pytest.mark.requirement("A4")
def test_a_pause_over_the_weekend_leaves_the_rest_unchanged(store: Store):
    asked = opened_under(store, FRIDAY, solution=EIGHT)
    left_alone = new_case(store, FRIDAY)
    make_move(store, asked, "ask_customer", after=FRIDAY + HOUR)
    make_move(store, asked, "customer_answers", after=at("2026-03-09T09:00"))
    assert ends(store, asked) == ends(store, left_alone) == at("2026-03-09T17:00")


@pytest.mark.requirement("A4")
def test_a_case_resolved_out_of_a_pause_counts_the_hold_for_nothing(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "ask_customer", after=2 * HOUR)
    make_move(store, number, "customer_answers", after=100 * HOUR)
    make_move(store, number, "investigate", after=101 * HOUR)
    make_move(store, number, "resolve", after=102 * HOUR)
    clock = timer_of(store, number, HOUSE)
    assert (clock["outcome"], clock["consumed"] * MICROSECOND) == ("met", 4 * HOUR)


@pytest.mark.requirement("A4")
def test_a_note_in_a_pause_past_the_old_deadline_is_no_breach(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", after=HOUR)
    make_move(store, number, "note", after=50 * HOUR)
    assert fire_due(store, START + 60 * HOUR).fired == ()
    assert (fired_steps_of(store, number), case_of(store, number)["level"]) == ([], 0)


URGENT = {"amount": 24, "unit": "hours", "when": [{"severity": "urgent", "amount": 4}]}


@pytest.mark.requirement("A5")
def test_an_urgent_case_has_the_urgent_limit_and_keeps_what_it_consumed(store: Store):
    number = opened_under(store, timedelta(), solution=URGENT)
    make_move(store, number, "classify", severity="urgent", after=HOUR)
    assert (timer_of(store, number, HOUSE)["consumed"] * MICROSECOND, ends(store, number)) == (HOUR, 4 * HOUR)


def test_a_priority_that_changes_in_a_pause_dates_nothing_until_the_answer(store: Store):
    number = opened_under(store, timedelta(), solution=URGENT)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "ask_customer", after=3 * HOUR)
    make_move(store, number, "reclassify", after=20 * HOUR, severity="urgent")
    assert timer_of(store, number, HOUSE)["fires_at"] is None
    assert [rung for rung in fired_steps_of(store, number) if rung[0] == HOUSE] == []
    make_move(store, number, "customer_answers", after=30 * HOUR)
    assert ends(store, number) == 31 * HOUR, "three of four hours were used before the pause"
    make_move(store, number, "reclassify", after=30.5 * HOUR, severity="low")
    assert ends(store, number) == 51 * HOUR, "and back: 3.5 of 24 hours are used"


def test_a_holiday_lengthens_a_business_window(store: Store):
    number = opened_under(store, at("2026-04-30T17:00"), solution=EIGHT)
    assert ends(store, number) == at("2026-05-06T17:00"), "Labour Day is five days long"


def test_a_made_up_saturday_counts(store: Store):
    number = opened_under(store, at("2026-05-08T17:00"), solution=EIGHT)
    assert ends(store, number) == at("2026-05-09T17:00"), "the ninth of May is worked"


BERLIN = {"amount": 1, "unit": "days", "calendar": "berlin-office"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00"),  # half past two does not exist: on by the gap
        ("2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00"),  # half past two exists twice: the first
        ("2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00"),  # a day of 23 hours
        ("2026-10-24T12:00+02:00", "2026-10-25T12:00+01:00"),  # a day of 25 hours
    ],
)
def test_a_day_is_a_date_at_both_edges_of_summer_time(store: Store, start: str, end: str):
    begin = datetime.fromisoformat(start)
    number = opened_under(store, begin - START, solution=BERLIN)
    assert START + ends(store, number) == datetime.fromisoformat(end)


def test_two_reopenings_keep_the_results_of_three_cycles(store: Store):
    number = new_resolved_case(store, HOUR)
    for after in (DAY, 3 * DAY):
        make_move(store, number, "revisit", after=after, outcome="dissatisfied")
        make_move(store, number, "resolve", after=after + (HOUR if after == DAY else 30 * HOUR))
    rows = query_rows(store, "SELECT cycle, outcome FROM timer WHERE clause = 'solution' ORDER BY cycle")
    assert [(row["cycle"], row["outcome"]) for row in rows] == [(1, "met"), (2, "met"), (3, "breached")]


def test_after_a_week_without_anybody_each_rung_fires_once_and_in_order(store: Store):
    number = new_case(store)
    assert len(fire_due(store, START + 7 * DAY).fired) == 8
    assert fire_due(store, START + 7 * DAY).fired == ()
    fired = fired_steps_of(store, number)
    assert [due_at for _, _, due_at in fired] == sorted(due_at for _, _, due_at in fired)
    assert {(clause, percent) for clause, percent, _ in fired} == {
        (clause, percent) for clause in ("first_reply", "solution") for percent in (75, 100, 150, 200)
    }
    assert verify(store).ok


def test_two_sweeps_at_once_fire_once(store: Store):
    numbers = [new_case(store) for _ in range(20)]
    swept = run_concurrently([lambda: fire_due(store, START + 2 * HOUR)] * 2)
    assert sum(len(one.fired) for one in swept if isinstance(one, Sweep)) == 40
    assert all(moves_of(store, number) == ["open", "remind", "breach"] for number in numbers)


@pytest.mark.requirement("D1")
def test_a_week_that_reaches_past_the_published_holidays_is_provisional(store: Store):
    number = opened_under(
        store, at("2026-12-28T10:00"), solution={"amount": 7, "unit": "business_days", "calendar": "cn-office"}
    )
    assert ends(store, number) == at("2027-01-06T18:00"), "the plain week is reckoned with"
    [told] = [clock for clock in views.timers(store, number)[1] if clock.clause == "solution"]
    assert told.provisional
    place = calendar("cn-office")
    assert due(place, START + at("2026-12-28T10:00"), 7, Unit.DAYS) == START + at("2027-01-04T10:00")


def test_an_extension_is_time_on_top_and_stays_when_the_rules_change(store: Store):
    number = new_case(store)
    make_move(store, number, "extend", after=HOUR, clause="solution", hours=12)
    assert ends(store, number) == 36 * HOUR
    in_force(store, {"solution": {"amount": 48, "unit": "hours"}}, at=START + 2 * HOUR)
    reproject_due(store, START + 2 * HOUR)
    assert ends(store, number) == 60 * HOUR
