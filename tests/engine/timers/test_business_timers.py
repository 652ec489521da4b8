"""Clocks of business hours consume working time alone, and rest without losing or winning any."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.callbacks.attempts import plan
from engine.escalation.fire import fire_due
from engine.ledger.record import case_by_number
from engine.rules.in_force import rules_in
from engine.rules.policy import Pack, pack
from engine.store import Store
from engine.timers.start import TimerStarter
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

WEEK = 7 * DAY
FRIDAY = 4 * DAY
"""Nine o'clock on the first Friday, as a time since ``START``."""
LIMIT: dict[str, Any] = {"amount": 8, "unit": "business_hours", "calendar": "cn-office", "source": "D 1"}


def eight_hours(store: Store, after: timedelta = timedelta()) -> str:
    """A case whose solution is promised within eight working hours, opened so long after ``START``."""
    number = new_case(store, after)
    execute_sql(store, "DELETE FROM timer WHERE case_id = (SELECT id FROM cases WHERE number = :n)", n=number)
    rules = Pack.model_validate({**pack("logistics").model_dump(exclude={"clauses"}), "clauses": {"solution": LIMIT}})
    [solution] = [clause for clause in lifecycle_of("complaint").clauses if clause.name == "solution"]
    with store.writing() as tx:
        case, at = case_by_number(tx, number), to_micros(START + after)
        timer = TimerStarter(rules_in(tx).calendar, rules, case, at, {}).start(solution)
        assert timer is not None
        columns = {name: value for name, value in row_of(timer).items() if name != "id"} | {"occurrence": 1}
        tx.run(f"INSERT INTO timer ({', '.join(columns)}) VALUES (:{', :'.join(columns)})", **columns)
    return number


def fires(store: Store, number: str) -> timedelta:
    return from_micros(timer_of(store, number, "solution")["fires_at"]) - START


def consumed(store: Store, number: str) -> timedelta:
    return timer_of(store, number, "solution")["consumed"] * MICROSECOND


def test_rungs_fall_due_in_working_time(store: Store):
    number = eight_hours(store)
    assert timer_of(store, number, "solution")["allowance"] * MICROSECOND == 8 * HOUR
    assert fires(store, number) == 7 * HOUR  # six working hours in: the noon between counts for nothing
    fire_due(store, START + WEEK)
    assert [(percent, due) for _, percent, due in fired_steps_of(store, number)] == [
        (75, 7 * HOUR),
        (100, 9 * HOUR),
        (150, DAY + 5 * HOUR),
        (200, DAY + 9 * HOUR),
    ]


def test_a_rest_over_the_weekend_leaves_what_is_left_unchanged(store: Store):
    number = eight_hours(store, FRIDAY)
    make_move(store, number, "ask_customer", by=HANDLER, after=FRIDAY + 6 * HOUR)
    assert consumed(store, number) == 5 * HOUR
    make_move(store, number, "customer_answers", by=HANDLER, after=WEEK + HOUR)
    assert consumed(store, number) == 5 * HOUR
    assert fires(store, number) == WEEK + 2 * HOUR
    make_move(store, number, "propose_solution", after=WEEK + 5 * HOUR)
    clock = timer_of(store, number, "solution")
    assert (clock["outcome"], clock["consumed"] * MICROSECOND) == ("met", 8 * HOUR)


def test_a_rest_that_ends_on_a_day_off_goes_on_when_the_office_opens(store: Store):
    number = eight_hours(store, FRIDAY)
    make_move(store, number, "ask_customer", by=HANDLER, after=FRIDAY + 2 * HOUR)
    make_move(store, number, "customer_answers", by=HANDLER, after=FRIDAY + DAY + 2 * HOUR)
    assert fires(store, number) == WEEK + 5 * HOUR


def test_a_weekend_without_a_rest_consumes_nothing_either(store: Store):
    number = eight_hours(store, FRIDAY + 8 * HOUR)
    make_move(store, number, "note", after=WEEK)
    assert fires(store, number) == WEEK + 6 * HOUR
    make_move(store, number, "propose_solution", after=WEEK + HOUR)
    assert consumed(store, number) == 2 * HOUR


@pytest.mark.parametrize(
    ("answered", "outcome"),
    [(9 * HOUR, "met"), (9 * HOUR + MICROSECOND, "breached"), (12 * HOUR, "breached"), (24 * HOUR, "breached")],
)
def test_used_up_at_close_it_is_late_in_the_evening_already(store: Store, answered: timedelta, outcome: str):
    number = eight_hours(store)
    make_move(store, number, "propose_solution", after=answered)
    assert timer_of(store, number, "solution")["outcome"] == outcome


def test_late_in_the_evening_stays_late_at_rest(store: Store):
    number = eight_hours(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=10 * HOUR)
    make_move(store, number, "propose_solution", after=11 * HOUR)
    assert timer_of(store, number, "solution")["outcome"] == "breached"


def test_saved_at_rest_past_the_old_deadline_it_is_no_breach(store: Store):
    number = eight_hours(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=6 * HOUR)
    fire_due(store, START + WEEK)
    make_move(store, number, "propose_solution", after=WEEK)
    assert timer_of(store, number, "solution")["outcome"] == "met"
    assert fired_steps_of(store, number) == []


def since(text: str) -> timedelta:
    return datetime.fromisoformat(text) - START


def planned(store: Store) -> list[timedelta]:
    return [from_micros(row["planned_at"]) - START for row in query_rows(store, "SELECT planned_at FROM callback")]


@pytest.mark.parametrize(
    ("result", "call"),
    [
        ("2026-09-30T10:00+08:00", "2026-09-30T17:00+08:00"),  # the holiday would outlast the window: rather today
        ("2026-10-09T10:00+08:00", "2026-10-10T10:00+08:00"),  # a Saturday that is worked
        ("2026-10-16T10:00+08:00", "2026-10-19T09:00+08:00"),  # and one that is not
    ],
)
def test_callbacks_know_holidays_and_make_up_days(store: Store, result: str, call: str):
    new_resolved_case(store, since(result))
    plan(store, START + since(result))
    assert planned(store) == [since(call)]
