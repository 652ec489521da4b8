"""What is overdue: every broken promise of an open case, whoever was notified of it, until it is dealt with."""

from datetime import datetime, timedelta

import pytest

from engine.access.condition import NO_CASE, Condition
from engine.actors import NewActor, add_actor
from engine.escalation.fire import fire_due
from engine.store import Store
from flows.work import Work
from reports import board
from reports.overdue import OVERDUE, OverduePromise, by_case, overdue
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DAY,
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    execute_sql,
    make_move,
    new_case,
    query_rows,
)
from tests.flows.scenes import ODD, drained
from tests.renaming import Renames, renamed

pytestmark = pytest.mark.requirement("B11")

MICROS = 3_600_000_000
"""An hour, as the tables store it."""


def overdue_after(store: Store, after: timedelta) -> list[OverduePromise]:
    with store.looking() as tx:
        return overdue(tx, START + after)


def clauses_after(store: Store, after: timedelta) -> list[str]:
    return [promise.clause for promise in overdue_after(store, after)]


def test_a_scope_limits_the_list_to_its_cases(store: Store):
    mine, theirs = new_case(store), new_case(store)
    execute_sql(store, f"UPDATE cases SET department = 'claims' WHERE number = '{mine}'")
    claims = Condition("c.department = :scope_department", {"scope_department": "claims"})
    with store.looking() as tx:
        at = START + 15 * DAY
        assert {late.number for late in overdue(tx, at)} == {mine, theirs}
        assert {late.number for late in overdue(tx, at, scope=claims)} == {mine}
        assert overdue(tx, at, scope=NO_CASE) == []


def fire_all(store: Store, after: timedelta) -> None:
    while fire_due(store, START + after).fired:
        pass


def test_complaints_that_nobody_answers_stay_listed_with_the_general_manager(work: Work):
    numbers = [new_case(work.store, HOUR * hour, text=ODD) for hour in range(3)]
    for day in range(15):
        drained(work, DAY * day)
        if day >= 3:
            cases = by_case(overdue_after(work.store, DAY * day))
            assert [case.worst.number for case in cases] == numbers, f"day {day}: the longest overdue first"
            assert {(case.worst.level, case.worst.asked) for case in cases} == {(3, (DIRECTOR,))}
    [first, *_] = by_case(overdue_after(work.store, DAY * 14))
    assert {promise.clause for promise in first.promises} == {"first_reply", "solution"}
    assert (first.since, first.worst.due_at) == (START + HOUR * 2, START + HOUR * 2)
    assert first.worst.role is Role.GENERAL_MANAGER


def test_the_highest_level_comes_first_then_the_longest_overdue(store: Store):
    early, late, raised = (new_case(store, HOUR * hour) for hour in range(3))
    make_move(store, raised, "escalate", level=3, after=HOUR * 2)
    at = HOUR * 6
    assert [promise.number for promise in overdue_after(store, at)] == [raised, early, late]


def test_a_promise_that_was_met_late_is_listed_no_longer(store: Store):
    number = new_case(store)
    assert clauses_after(store, HOUR * 2 - timedelta(microseconds=1)) == []
    assert clauses_after(store, HOUR * 3) == ["first_reply"]
    make_move(store, number, "reply", after=HOUR * 3)
    assert clauses_after(store, HOUR * 23) == []
    assert clauses_after(store, HOUR * 24) == ["solution"]
    make_move(store, number, "withdraw", after=HOUR * 25)
    assert clauses_after(store, DAY * 9) == []


def test_a_promise_is_overdue_without_a_step_that_fired(store: Store):
    new_case(store)
    [promise] = overdue_after(store, HOUR * 5)
    assert (promise.level, promise.timer_level, promise.role) == (0, 0, Role.AGENT)
    assert promise.asked == (AGENT,), "the owner of the state must act next"
    assert promise.due_at == START + HOUR * 2
    assert promise.late(START + HOUR * 5) == HOUR * 3


def test_more_time_takes_a_promise_from_the_list_until_that_is_used_up(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    fire_all(store, HOUR * 30)
    make_move(store, number, "extend", by=MANAGER, after=HOUR * 30, clause="solution", hours=12)
    assert clauses_after(store, HOUR * 35) == []
    due = [(timer.clause, timer.due_at - START) for timer in board.gather(store, START + HOUR * 35).soon]
    assert due == [("solution", HOUR * 36)], "it falls due again, though its step at 100 % has fired before"
    [promise] = overdue_after(store, HOUR * 36)
    assert (promise.due_at, promise.level) == (START + HOUR * 36, 1), "the level does not fall within a cycle"


def test_a_breached_promise_that_is_paused_is_listed_with_its_deadline(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    fire_all(store, HOUR * 4)
    make_move(store, number, "ask_customer", after=HOUR * 5)
    [promise] = overdue_after(store, DAY * 6)
    assert (promise.clause, promise.paused, promise.due_at) == ("first_reply", True, START + HOUR * 2)
    make_move(store, number, "customer_answers", after=DAY * 6)
    [promise] = overdue_after(store, DAY * 6)
    assert (promise.paused, promise.due_at) == (False, START + HOUR * 2), "a pause does not move the deadline"


def test_a_breach_in_working_hours_is_dated_by_the_calendar(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    working = "unit = 'business_hours', calendar = 'cn-office'"
    execute_sql(store, f"UPDATE timer SET {working}, allowance = :eight WHERE clause = 'solution'", eight=8 * MICROS)
    due = datetime.fromisoformat("2026-03-02T18:00:00+08:00")
    assert clauses_after(store, due - START - timedelta(microseconds=1)) == []
    [promise] = overdue_after(store, due - START)
    assert (promise.number, promise.due_at) == (number, due)


def test_the_last_act_of_a_person_is_named_and_no_timers_or_imports(work: Work):
    number = new_case(work.store, text=ODD)
    drained(work, HOUR)
    [promise] = overdue_after(work.store, HOUR * 3)
    assert (promise.last_human_at, promise.last_human_move, promise.last_human_by) == (None, None, None)
    make_move(work.store, number, "note", by=AGENT, after=HOUR * 3)
    drained(work, HOUR * 20)
    [promise] = overdue_after(work.store, HOUR * 20)
    assert promise.last_human_at == START + HOUR * 3
    assert (promise.last_human_move, promise.last_human_by) == ("note", AGENT)


def test_whom_it_asks_is_the_owner_then_the_department_then_anybody_with_the_role(store: Store):
    with store.writing() as tx:
        add_actor(tx, NewActor("far", (Role.HANDLER, Role.TEAM_SUPERVISOR), None))
    number = new_case(store)
    make_move(store, number, "classify", department="operations", severity="low", after=HOUR)
    assert overdue_after(store, HOUR * 2)[0].asked == ("far",), "nobody in the department: who belongs to none"
    make_move(store, number, "assign", department="claims", after=HOUR)
    execute_sql(store, "UPDATE cases SET owner = NULL")
    assert overdue_after(store, HOUR * 2)[0].asked == (HANDLER,)
    make_move(store, number, "assign", department="claims", owner="far", after=HOUR)
    assert overdue_after(store, HOUR * 2)[0].asked == ("far",)
    fire_all(store, HOUR * 2)
    assert overdue_after(store, HOUR * 2)[0].asked == (SUPERVISOR,), "from level 1 on the owner is not enough"


def test_of_a_role_that_nobody_holds_the_one_below_is_asked(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE actor SET roles = 'auditor' WHERE handle = :handle", handle=DIRECTOR)
    make_move(store, number, "escalate", level=3)
    [promise] = overdue_after(store, HOUR * 3)
    assert (promise.level, promise.role, promise.asked) == (3, Role.DEPARTMENT_MANAGER, (MANAGER,))


def test_of_what_is_not_late_no_row_is_read(sqlite_store: Store):
    plan = query_rows(
        sqlite_store, f"EXPLAIN QUERY PLAN {OVERDUE.format(scope='TRUE').replace('= ANY(:machines)', '= 0')}", at=0
    )
    steps = [row["detail"] for row in plan]
    assert steps[:3] == ["MATERIALIZE late", "SCAN k USING INDEX ix_timer_open", "SCAN late"]
    assert [step for step in steps[3:] if step.startswith("SCAN")] == []


def test_retired_names_are_read_as_those_of_today(store: Store):
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    new = renamed(COMPLAINT, Renames({"classified": "sorted"}, {"classify": "sort"}, {"first_reply": "word"}))
    with replaced(new):
        [promise] = overdue_after(store, HOUR * 3)
    assert (promise.number, promise.clause, promise.state, promise.last_human_move) == (
        number,
        "word",
        "sorted",
        "sort",
    )
