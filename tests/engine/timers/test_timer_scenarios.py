"""What a reader of a timer may rely on: pauses, priorities, holidays, cycles, outages."""

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

pytestmark = pytest.mark.any_database

EIGHT_WORKING_HOURS = {"amount": 8, "unit": "business_hours", "calendar": "cn-office"}
FRIDAY = 4 * DAY + 8 * HOUR
"""Friday, five in the afternoon in Shanghai, one working hour before the weekend, as a time since ``START``."""
CLAUSE = "solution"


def at(text: str) -> timedelta:
    """An instant of Shanghai as a time since ``START``."""
    return datetime.fromisoformat(f"{text}+08:00") - START


def due_at(store: Store, number: str, clause: str = CLAUSE, cycle: int = 1) -> timedelta:
    """Return when the running timer has used its whole allowance, as a time since ``START``."""
    timer = timer_of(store, number, clause, cycle)
    hours = calendar(timer["calendar"])
    left = (timer["allowance"] - timer["consumed"]) * MICROSECOND
    since = from_micros(timer["running_since"])
    return (hours.after(since, left) if timer["unit"] == "business_hours" else since + left) - START


def open_under(store: Store, after: timedelta, **limits: dict[str, Any]) -> str:
    """Open a case under these limits; return its number."""
    in_force(store, limits)
    return new_case(store, after)


@pytest.mark.requirement("A4")
def test_a_pause_over_the_weekend_leaves_the_remaining_allowance_unchanged(store: Store):
    paused = open_under(store, FRIDAY, solution=EIGHT_WORKING_HOURS)
    running = new_case(store, FRIDAY)
    make_move(store, paused, "ask_customer", after=FRIDAY + HOUR)
    make_move(store, paused, "customer_answers", after=at("2026-03-09T09:00"))
    assert due_at(store, paused) == due_at(store, running) == at("2026-03-09T17:00")


@pytest.mark.requirement("A4")
def test_a_case_resolved_after_a_pause_does_not_consume_the_pause(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "ask_customer", after=2 * HOUR)
    make_move(store, number, "customer_answers", after=100 * HOUR)
    make_move(store, number, "investigate", after=101 * HOUR)
    make_move(store, number, "resolve", after=102 * HOUR)
    timer = timer_of(store, number, CLAUSE)
    assert (timer["outcome"], timer["consumed"] * MICROSECOND) == ("met", 4 * HOUR)


@pytest.mark.requirement("A4")
def test_a_note_in_a_pause_after_the_old_deadline_breaches_nothing(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", after=HOUR)
    make_move(store, number, "note", after=50 * HOUR)
    assert fire_due(store, START + 60 * HOUR).fired == ()
    assert (fired_steps_of(store, number), case_of(store, number)["level"]) == ([], 0)


URGENT = {"amount": 24, "unit": "hours", "when": [{"severity": "urgent", "amount": 4}]}


@pytest.mark.requirement("A5")
def test_an_urgent_case_has_the_urgent_limit_and_keeps_what_it_consumed(store: Store):
    number = open_under(store, timedelta(), solution=URGENT)
    make_move(store, number, "classify", severity="urgent", after=HOUR)
    assert (timer_of(store, number, CLAUSE)["consumed"] * MICROSECOND, due_at(store, number)) == (HOUR, 4 * HOUR)


def test_a_priority_changed_in_a_pause_takes_effect_with_the_answer(store: Store):
    number = open_under(store, timedelta(), solution=URGENT)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "ask_customer", after=3 * HOUR)
    make_move(store, number, "reclassify", after=20 * HOUR, severity="urgent")
    assert timer_of(store, number, CLAUSE)["fires_at"] is None
    assert [step for step in fired_steps_of(store, number) if step[0] == CLAUSE] == []
    make_move(store, number, "customer_answers", after=30 * HOUR)
    assert due_at(store, number) == 31 * HOUR, "three of four hours were used before the pause"
    make_move(store, number, "reclassify", after=30.5 * HOUR, severity="low")
    assert due_at(store, number) == 51 * HOUR, "3.5 of 24 hours are used"


def test_a_holiday_consumes_no_business_time(store: Store):
    number = open_under(store, at("2026-04-30T17:00"), solution=EIGHT_WORKING_HOURS)
    assert due_at(store, number) == at("2026-05-06T17:00"), "Labour Day is five days long"


def test_a_made_up_working_saturday_counts(store: Store):
    number = open_under(store, at("2026-05-08T17:00"), solution=EIGHT_WORKING_HOURS)
    assert due_at(store, number) == at("2026-05-09T17:00"), "the ninth of May is worked"


BERLIN = {"amount": 1, "unit": "days", "calendar": "berlin-office"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00"),  # half past two does not exist: the gap is added
        ("2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00"),  # half past two exists twice: the first counts
        ("2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00"),  # a day of 23 hours
        ("2026-10-24T12:00+02:00", "2026-10-25T12:00+01:00"),  # a day of 25 hours
    ],
)
def test_a_day_ends_at_the_same_local_time_across_a_change_of_summer_time(store: Store, start: str, end: str):
    begin = datetime.fromisoformat(start)
    number = open_under(store, begin - START, solution=BERLIN)
    assert START + due_at(store, number) == datetime.fromisoformat(end)


def test_two_reopenings_leave_the_outcomes_of_three_cycles(store: Store):
    number = new_resolved_case(store, HOUR)
    for after in (DAY, 3 * DAY):
        make_move(store, number, "revisit", after=after, outcome="dissatisfied")
        make_move(store, number, "resolve", after=after + (HOUR if after == DAY else 30 * HOUR))
    rows = query_rows(store, "SELECT cycle, outcome FROM timer WHERE clause = 'solution' ORDER BY cycle")
    assert [(row["cycle"], row["outcome"]) for row in rows] == [(1, "met"), (2, "met"), (3, "breached")]


def test_after_a_week_of_outage_each_step_fires_once_in_order(store: Store):
    number = new_case(store)
    assert len(fire_due(store, START + 7 * DAY).fired) == 8
    assert fire_due(store, START + 7 * DAY).fired == ()
    fired = fired_steps_of(store, number)
    assert [due_at for _, _, due_at in fired] == sorted(due_at for _, _, due_at in fired)
    assert {(clause, percent) for clause, percent, _ in fired} == {
        (clause, percent) for clause in ("first_reply", "solution") for percent in (75, 100, 150, 200)
    }
    assert verify(store).ok


def test_two_concurrent_sweeps_fire_each_step_once(store: Store):
    numbers = [new_case(store) for _ in range(20)]
    swept = run_concurrently([lambda: fire_due(store, START + 2 * HOUR)] * 2)
    assert sum(len(sweep.fired) for sweep in swept if isinstance(sweep, Sweep)) == 40
    assert all(moves_of(store, number) == ["open", "remind", "breach"] for number in numbers)


@pytest.mark.requirement("D1")
def test_a_deadline_past_the_published_holidays_is_provisional(store: Store):
    number = open_under(
        store, at("2026-12-28T10:00"), solution={"amount": 7, "unit": "business_days", "calendar": "cn-office"}
    )
    assert due_at(store, number) == at("2027-01-06T18:00"), "past the published year, weekends alone are days off"
    [view] = [timer for timer in views.timers(store, number).timers if timer.clause == "solution"]
    assert view.provisional
    office = calendar("cn-office")
    assert due(office, START + at("2026-12-28T10:00"), 7, Unit.DAYS) == START + at("2027-01-04T10:00")


def test_an_extension_adds_time_and_stays_when_the_rules_change(store: Store):
    number = new_case(store)
    make_move(store, number, "extend", after=HOUR, clause="solution", hours=12)
    assert due_at(store, number) == 36 * HOUR
    in_force(store, {"solution": {"amount": 48, "unit": "hours"}}, at=START + 2 * HOUR)
    reproject_due(store, START + 2 * HOUR)
    assert due_at(store, number) == 60 * HOUR
