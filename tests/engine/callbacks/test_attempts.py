"""Callbacks are planned into working hours, on different days, and only while the case waits for them."""

from datetime import datetime, timedelta
from itertools import combinations

import pytest

from engine.callbacks.attempts import Planned, call_off, due, finish, hand_over, plan
from engine.store import Store
from engine.timers.next_due import look
from models.columns import from_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    timer_of,
)
from tests.editions import publishes

pytestmark = pytest.mark.requirement("D1")


def planned_callbacks(store: Store) -> list[tuple[int, int, timedelta]]:
    """Return cycle, attempt and time since ``START`` of every callback."""
    rows = query_rows(store, "SELECT cycle, attempt, planned_at FROM callback ORDER BY planned_at")
    return [(row["cycle"], row["attempt"], from_micros(row["planned_at"]) - START) for row in rows]


def record_no_answer(store: Store, number: str, attempt: int, after: timedelta) -> None:
    """Record that nobody answered at the planned hour."""
    make_move(store, number, "attempt", by="system", after=after, attempts=attempt)
    finish(store, case_of(store, number)["id"], 1, attempt, "no_answer", START + after)


def test_the_first_callback_comes_a_day_after_the_result(store: Store):
    new_resolved_case(store)
    assert plan(store, START) == 1
    assert planned_callbacks(store) == [(1, 1, DAY)]


def test_a_callback_is_planned_once(store: Store):
    new_resolved_case(store)
    assert [plan(store, START + n * HOUR) for n in range(3)] == [1, 0, 0]


def test_only_a_resolved_case_gets_a_callback(store: Store):
    new_case(store)
    make_move(store, new_resolved_case(store), "revisit")
    assert plan(store, START) == 0


def test_a_plan_can_be_limited_to_one_case(store: Store):
    number = new_resolved_case(store)
    new_resolved_case(store)
    assert plan(store, START, case_of(store, number)["id"]) == 1


def test_a_result_of_friday_evening_is_followed_up_on_monday(store: Store):
    new_resolved_case(store, 4 * DAY + 11 * HOUR)
    plan(store, START + 4 * DAY + 11 * HOUR)
    assert planned_callbacks(store) == [(1, 1, 7 * DAY)]


def test_no_callback_is_planned_at_noon(store: Store):
    new_resolved_case(store, 3 * HOUR + HOUR / 2)
    plan(store, START + 3 * HOUR + HOUR / 2)
    assert planned_callbacks(store) == [(1, 1, DAY + 4 * HOUR)]


def test_a_late_plan_is_not_in_the_past(store: Store):
    new_resolved_case(store)
    plan(store, START + 2 * DAY + HOUR)
    assert planned_callbacks(store) == [(1, 1, 2 * DAY + HOUR)]


@pytest.mark.parametrize("weekday", range(5))
@pytest.mark.parametrize("hour", [0, 2, 5, 8])
def test_three_attempts_are_on_three_days_at_three_hours_inside_the_window(
    sqlite_store: Store, weekday: int, hour: int
):
    at = weekday * DAY + hour * HOUR
    number = new_resolved_case(sqlite_store, at)
    for attempt in (1, 2, 3):
        assert plan(sqlite_store, START + at) == 1
        *_, (_, latest, at) = planned_callbacks(sqlite_store)
        assert latest == attempt
        record_no_answer(sqlite_store, number, attempt, at)
    assert plan(sqlite_store, START + at) == 0
    times = [shanghai(START + at) for *_, at in planned_callbacks(sqlite_store)]
    assert len({time.date() for time in times}) == 3
    assert all(abs(first.hour - second.hour) >= 2 for first, second in combinations(times, 2)), times
    assert all(time.weekday() < 5 and 9 <= time.hour < 18 for time in times)
    assert max(times) <= shanghai(START + weekday * DAY + hour * HOUR + 7 * DAY)


def test_a_short_window_brings_the_call_forward(store: Store):
    publishes(store, "clauses.revisit", amount=20, unit="hours")
    new_resolved_case(store)
    plan(store, START)
    assert planned_callbacks(store) == [(1, 1, 8 * HOUR)], (
        "it ends at five in the morning, and the last working hour is today's"
    )


def test_the_window_is_the_allowance_of_its_timer(store: Store):
    publishes(store, "clauses.revisit", amount=6, unit="business_hours", calendar="cn-office")
    number = new_resolved_case(store)
    assert timer_of(store, number, "revisit")["allowance"] == 6 * 3_600_000_000
    plan(store, START)
    assert planned_callbacks(store) == [(1, 1, 6 * HOUR)], (
        "six working hours end at 16:00, and 15:00 is the last of them"
    )


PHONE = "13800138001"


def new_service_order(store: Store, after: timedelta, phone: str = PHONE) -> str:
    """Open and resolve a service order of the customer; return its number."""
    number = new_resolved_case(store, after, phone=phone)
    execute_sql(store, "UPDATE cases SET kind = 'service_order' WHERE number = :number", number=number)
    return number


def record_answered_callback(store: Store, after: timedelta = timedelta()) -> None:
    """Open and resolve a case whose customer then answers the callback."""
    make_move(store, new_resolved_case(store, after, phone=PHONE), "revisit", after=after)


def test_a_customer_is_not_called_again_before_the_recurrence_span_ends(store: Store):
    publishes(store, "callbacks", recurrence_days=3)
    record_answered_callback(store)
    new_service_order(store, HOUR)
    plan(store, START + HOUR)
    assert planned_callbacks(store) == [(1, 1, 3 * DAY)]


def test_a_window_shorter_than_the_span_calls_in_its_last_working_hour(store: Store):
    publishes(store, "callbacks", recurrence_days=30)
    record_answered_callback(store)
    new_service_order(store, HOUR)
    plan(store, START + HOUR)
    assert planned_callbacks(store) == [(1, 1, 7 * DAY)], "the window ends at 10:00 of the seventh day"


def test_the_span_does_not_apply_to_complaints_or_other_customers(store: Store):
    publishes(store, "callbacks", recurrence_days=30)
    record_answered_callback(store)
    new_resolved_case(store, phone=PHONE)
    new_service_order(store, timedelta(), phone="13900139001")
    plan(store, START)
    assert planned_callbacks(store) == [(1, 1, DAY)] * 2


def test_the_span_does_not_apply_to_another_cycle(store: Store):
    publishes(store, "callbacks", recurrence_days=30)
    record_answered_callback(store)
    number = new_service_order(store, HOUR)
    execute_sql(store, "UPDATE cases SET cycle = 2 WHERE number = :number", number=number)
    plan(store, START + HOUR)
    assert [at for *_, at in planned_callbacks(store)] == [DAY + HOUR]


def test_a_pack_without_a_span_delays_no_call(store: Store):
    record_answered_callback(store)
    new_service_order(store, HOUR)
    plan(store, START + HOUR)
    assert planned_callbacks(store) == [(1, 1, DAY + HOUR)]


def shanghai(at: datetime) -> datetime:
    return at + 8 * HOUR


def test_a_callback_is_due_at_its_planned_hour(store: Store):
    number = new_resolved_case(store, phone="13800138001")
    plan(store, START)
    assert due(store, START + DAY - MICROSECOND) == []
    [call] = due(store, START + DAY)
    assert isinstance(call, Planned)
    assert (call.number, call.attempt, call.phone, call.key) == (number, 1, "13800138001", f"{number}:callback:1:1")


def test_a_callback_handed_over_is_not_due_and_stays_open(store: Store):
    new_resolved_case(store)
    plan(store, START)
    [call] = due(store, START + DAY)
    hand_over(store, call)
    assert due(store, START + 9 * DAY) == []
    assert query_rows(store, "SELECT outcome, done_at FROM callback") == [{"outcome": "handed", "done_at": None}]
    assert plan(store, START + 9 * DAY) == 0


def test_a_finished_callback_keeps_its_outcome(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    case_id = case_of(store, number)["id"]
    for outcome in ("no_answer", "satisfied"):
        finish(store, case_id, 1, 1, outcome, START + DAY)
    call_off(store, case_id, "moved_on", START + 2 * DAY)
    assert [row["outcome"] for row in query_rows(store, "SELECT outcome FROM callback")] == ["no_answer"]


def test_the_callback_of_a_case_that_moved_on_is_called_off(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    call_off(store, case_of(store, number)["id"], "moved_on", START)
    assert len(due(store, START + DAY)) == 1
    make_move(store, number, "revisit", after=HOUR)
    call_off(store, case_of(store, number)["id"], "moved_on", START + HOUR)
    assert due(store, START + DAY) == []
    assert [row["outcome"] for row in query_rows(store, "SELECT outcome FROM callback")] == ["moved_on"]


def test_a_new_cycle_has_its_own_callbacks(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    make_move(store, number, "revisit", outcome="dissatisfied", after=HOUR)
    call_off(store, case_of(store, number)["id"], "moved_on", START + HOUR)
    make_move(store, number, "resolve", after=2 * HOUR)
    assert plan(store, START + 2 * HOUR) == 1
    assert [(cycle, attempt) for cycle, attempt, _ in planned_callbacks(store)] == [(1, 1), (2, 1)]


def test_no_callback_is_due_once_the_case_moved_on(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    make_move(store, number, "withdraw", after=DAY)
    assert due(store, START + DAY) == []
    assert look(store).callback is None
