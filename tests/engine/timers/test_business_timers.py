"""Timers in business hours consume working time only, and a pause neither adds nor loses any."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.callbacks.attempts import plan
from engine.escalation.fire import fire_due
from engine.ledger.record import case_by_number
from engine.rules.in_force import rules_in
from engine.rules.policy import Pack, pack
from engine.store import Store
from engine.timers.start import LimitMemo, TimerStarter
from engine.timers.timer import row_of
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    START,
    execute_sql,
    fired_steps_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    timer_of,
)

pytestmark = pytest.mark.any_database

WEEK = 7 * DAY
FRIDAY = 4 * DAY
"""Nine o'clock on the first Friday, as a time since ``START``."""
LIMIT: dict[str, Any] = {"amount": 8, "unit": "business_hours", "calendar": "cn-office", "source": "D 1"}


def open_case_of_eight_hours(store: Store, after: timedelta = timedelta()) -> str:
    """Open a case whose solution is promised within eight working hours; return its number."""
    number = new_case(store, after)
    execute_sql(store, "DELETE FROM timer WHERE case_id = (SELECT id FROM cases WHERE number = :n)", n=number)
    rules = Pack.model_validate({**pack("logistics").model_dump(exclude={"clauses"}), "clauses": {"solution": LIMIT}})
    [solution] = [clause for clause in lifecycle_of("complaint").clauses if clause.name == "solution"]
    with store.writing() as tx:
        case, at = case_by_number(tx, number), to_micros(START + after)
        timer = TimerStarter(rules_in(tx).calendar, rules, case, at, LimitMemo()).start(solution)
        assert timer is not None
        columns = {name: value for name, value in row_of(timer).items() if name != "id"} | {"occurrence": 1}
        tx.run(f"INSERT INTO timer ({', '.join(columns)}) VALUES (:{', :'.join(columns)})", **columns)
    return number


def fires_at(store: Store, number: str) -> timedelta:
    return from_micros(timer_of(store, number, "solution")["fires_at"]) - START


def consumed(store: Store, number: str) -> timedelta:
    return timer_of(store, number, "solution")["consumed"] * MICROSECOND


def test_steps_fall_due_in_working_time(store: Store):
    number = open_case_of_eight_hours(store)
    assert timer_of(store, number, "solution")["allowance"] * MICROSECOND == 8 * HOUR
    assert fires_at(store, number) == 7 * HOUR  # six working hours: the noon break does not count
    fire_due(store, START + WEEK)
    assert [(percent, due) for _, percent, due in fired_steps_of(store, number)] == [
        (75, 7 * HOUR),
        (100, 9 * HOUR),
        (150, DAY + 5 * HOUR),
        (200, DAY + 9 * HOUR),
    ]


def test_a_pause_over_the_weekend_leaves_the_remaining_allowance_unchanged(store: Store):
    number = open_case_of_eight_hours(store, FRIDAY)
    make_move(store, number, "ask_customer", by=HANDLER, after=FRIDAY + 6 * HOUR)
    assert consumed(store, number) == 5 * HOUR
    make_move(store, number, "customer_answers", by=HANDLER, after=WEEK + HOUR)
    assert consumed(store, number) == 5 * HOUR
    assert fires_at(store, number) == WEEK + 2 * HOUR
    make_move(store, number, "propose_solution", after=WEEK + 5 * HOUR)
    timer = timer_of(store, number, "solution")
    assert (timer["outcome"], timer["consumed"] * MICROSECOND) == ("met", 8 * HOUR)


def test_a_pause_that_ends_on_a_day_off_resumes_when_the_office_opens(store: Store):
    number = open_case_of_eight_hours(store, FRIDAY)
    make_move(store, number, "ask_customer", by=HANDLER, after=FRIDAY + 2 * HOUR)
    make_move(store, number, "customer_answers", by=HANDLER, after=FRIDAY + DAY + 2 * HOUR)
    assert fires_at(store, number) == WEEK + 5 * HOUR


def test_a_weekend_without_a_pause_consumes_nothing(store: Store):
    number = open_case_of_eight_hours(store, FRIDAY + 8 * HOUR)
    make_move(store, number, "note", after=WEEK)
    assert fires_at(store, number) == WEEK + 6 * HOUR
    make_move(store, number, "propose_solution", after=WEEK + HOUR)
    assert consumed(store, number) == 2 * HOUR


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [(9 * HOUR, "met"), (9 * HOUR + MICROSECOND, "breached"), (12 * HOUR, "breached"), (24 * HOUR, "breached")],
)
def test_an_allowance_used_up_at_closing_time_is_breached_in_the_evening(
    store: Store, answered: timedelta, outcome: str
):
    number = open_case_of_eight_hours(store)
    make_move(store, number, "propose_solution", after=answered)
    assert timer_of(store, number, "solution")["outcome"] == outcome


def test_a_breach_in_the_evening_stays_a_breach_in_a_pause(store: Store):
    number = open_case_of_eight_hours(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=10 * HOUR)
    make_move(store, number, "propose_solution", after=11 * HOUR)
    assert timer_of(store, number, "solution")["outcome"] == "breached"


def test_a_pause_before_the_deadline_prevents_the_breach(store: Store):
    number = open_case_of_eight_hours(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=6 * HOUR)
    fire_due(store, START + WEEK)
    make_move(store, number, "propose_solution", after=WEEK)
    assert timer_of(store, number, "solution")["outcome"] == "met"
    assert {clause for clause, *_ in fired_steps_of(store, number)} == {"customer_answer"}


def since(text: str) -> timedelta:
    return datetime.fromisoformat(text) - START


def planned(store: Store) -> list[timedelta]:
    return [from_micros(row["planned_at"]) - START for row in query_rows(store, "SELECT planned_at FROM callback")]


@pytest.mark.parametrize(
    ("result", "call"),
    [
        ("2026-09-30T10:00+08:00", "2026-09-30T17:00+08:00"),  # the holiday outlasts the window: the call is today
        ("2026-10-09T10:00+08:00", "2026-10-10T10:00+08:00"),  # a Saturday that is worked
        ("2026-10-16T10:00+08:00", "2026-10-19T09:00+08:00"),  # and one that is not
    ],
)
def test_callbacks_respect_holidays_and_made_up_working_days(store: Store, result: str, call: str):
    new_resolved_case(store, since(result))
    plan(store, START + since(result))
    assert planned(store) == [since(call)]
