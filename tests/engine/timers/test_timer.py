"""Timers start, pause, resume and end with the moves of their case, to the microsecond."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.store import Store
from models.columns import from_micros
from statemachines.complaint import COMPLAINT
from statemachines.kinds import replaced
from statemachines.lifecycle import Retired
from tests.case_actions import (
    AGENT,
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
    timer_of,
)

FIRST, WHOLE = 2 * HOUR, 24 * HOUR


def micros(span: timedelta) -> int:
    return span // MICROSECOND


def since_start(instant: int) -> timedelta:
    return from_micros(instant) - START


def ended(store: Store, number: str, clause: str, cycle: int = 1) -> tuple[str | None, timedelta]:
    """Return the timer's outcome and what it consumed."""
    timer = timer_of(store, number, clause, cycle)
    return timer["outcome"], timer["consumed"] * MICROSECOND


def open_timers(store: Store, number: str) -> list[tuple[str, int]]:
    sql = "SELECT clause, cycle FROM timer WHERE case_id = :id AND closed_at IS NULL ORDER BY clause"
    return [(row["clause"], row["cycle"]) for row in query_rows(store, sql, id=case_of(store, number)["id"])]


@pytest.mark.parametrize(
    ("move", "clause", "limit"), [("reply", "first_reply", FIRST), ("propose_solution", "solution", WHOLE)]
)
def test_the_limit_itself_is_met_and_a_microsecond_later_is_breached(
    store: Store, move: str, clause: str, limit: timedelta
):
    in_time, too_late = new_case(store), new_case(store)
    make_move(store, in_time, move, after=limit)
    make_move(store, too_late, move, after=limit + MICROSECOND)
    assert ended(store, in_time, clause) == ("met", limit)
    assert ended(store, too_late, clause) == ("breached", limit + MICROSECOND)


def test_a_timer_stores_the_limit_of_the_pack(store: Store):
    timer = timer_of(store, new_case(store), "solution")
    assert (timer["amount"], timer["unit"], timer["calendar"], timer["policy"]) == (
        *(24, "hours", "cn-hotline"),
        "logistics@2026-12",
    )
    assert (timer["allowance"], since_start(timer["fires_at"])) == (micros(WHOLE), 18 * HOUR)


def test_a_pause_leaves_the_remaining_allowance_unchanged(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=HOUR)
    paused = timer_of(store, number, "first_reply")
    assert (paused["running_since"], paused["fires_at"], paused["consumed"]) == (None, None, micros(HOUR))
    make_move(store, number, "customer_answers", by=HANDLER, after=10 * DAY)
    resumed = timer_of(store, number, "first_reply")
    assert since_start(resumed["fires_at"]) == 10 * DAY + HOUR / 2
    make_move(store, number, "reply", after=10 * DAY + HOUR)
    assert ended(store, number, "first_reply") == ("met", FIRST)


def test_time_between_pauses_adds_up_and_a_microsecond_too_much_is_breached(store: Store):
    number = new_case(store)
    for n in range(1, 4):
        make_move(store, number, "ask_customer", by=HANDLER, after=(2 * n - 1) * HOUR / 2)
        make_move(store, number, "customer_answers", by=HANDLER, after=(2 * n) * HOUR / 2)
    make_move(store, number, "reply", after=3 * HOUR + HOUR / 2 + MICROSECOND)
    assert ended(store, number, "first_reply") == ("breached", FIRST + MICROSECOND)


def test_a_promise_can_be_met_while_its_timer_is_paused(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=HOUR)
    make_move(store, number, "reply", by=AGENT, after=10 * DAY)
    assert ended(store, number, "first_reply") == ("met", HOUR)


def test_resolving_meets_both_promises_to_answer_and_starts_the_revisit(store: Store):
    number = new_resolved_case(store)
    assert ended(store, number, "first_reply") == ended(store, number, "solution") == ("met", timedelta())
    assert open_timers(store, number) == [("revisit", 1)]
    assert since_start(timer_of(store, number, "revisit")["fires_at"]) == 7 * DAY * 3 / 4


@pytest.mark.parametrize("move", ["acknowledge", "assign"])
def test_a_move_of_the_system_meets_no_promise(store: Store, move: str):
    number = new_case(store)
    make_move(store, number, move, by="system", after=HOUR)
    assert open_timers(store, number) == [("first_reply", 1), ("solution", 1)]


@pytest.mark.parametrize("move", ["note", "progress", "promise", "escalate", "propose_solution"])
def test_only_a_reply_meets_the_promise_of_a_reply(store: Store, move: str):
    number = new_case(store)
    make_move(store, number, move, after=HOUR)
    assert ("first_reply", 1) in open_timers(store, number)


def test_a_promise_is_met_once(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=HOUR)
    make_move(store, number, "reply", after=9 * HOUR)
    assert ended(store, number, "first_reply") == ("met", HOUR)


@pytest.mark.parametrize("moves", [("withdraw",), ("propose_refusal", "refuse")], ids=lambda moves: moves[-1])
def test_a_final_state_stops_every_timer(store: Store, moves: tuple[str, ...]):
    number = new_case(store)
    for move in moves:
        make_move(store, number, move, after=HOUR)
    assert ended(store, number, "first_reply") == ended(store, number, "solution") == ("stopped", HOUR)
    assert query_rows(store, "SELECT id FROM timer WHERE fires_at IS NOT NULL OR closed_at IS NULL") == []


def test_a_paused_timer_stops_with_its_case(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", by=HANDLER, after=HOUR)
    make_move(store, number, "withdraw", after=5 * HOUR)
    assert ended(store, number, "solution") == ("stopped", HOUR)


DISSATISFIED: dict[str, dict[str, Any]] = {
    "revisit": {"outcome": "dissatisfied"},
    "tell_result": {"opinion": "rejected"},
}


@pytest.mark.parametrize("move", DISSATISFIED)
def test_a_dissatisfied_customer_opens_a_cycle_one_level_higher(store: Store, move: str):
    number = new_resolved_case(store)
    answer = make_move(store, number, move, after=DAY, **DISSATISFIED[move])
    case = case_of(store, number)
    assert (answer.state, case["cycle"], case["level"], case["attempts"]) == ("investigated", 2, 1, 0)
    assert open_timers(store, number) == [("solution", 2)]
    assert since_start(timer_of(store, number, "solution", 2)["opened_at"]) == DAY
    assert ended(store, number, "revisit")[0] == ("met" if move == "revisit" else "stopped")


def test_only_the_first_cycle_has_a_timer_of_the_first_reply(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "revisit", outcome="dissatisfied")
    timers = query_rows(store, "SELECT clause, cycle FROM timer ORDER BY id")
    assert [timer["cycle"] for timer in timers if timer["clause"] == "first_reply"] == [1]
    assert [timer["cycle"] for timer in timers if timer["clause"] == "solution"] == [1, 2]


def test_every_cycle_is_a_level_higher_up_to_the_top(store: Store):
    number = new_resolved_case(store)
    levels: list[int] = []
    for _ in range(5):
        make_move(store, number, "revisit", outcome="dissatisfied")
        levels.append(case_of(store, number)["level"])
        make_move(store, number, "resolve")
    assert levels == [1, 2, 3, 3, 3]
    assert case_of(store, number)["cycle"] == 6


def test_a_satisfied_customer_starts_the_timer_of_the_archive(store: Store):
    number = new_resolved_case(store)
    make_move(store, number, "revisit", after=DAY)
    assert open_timers(store, number) == [("archive", 1)]
    assert since_start(timer_of(store, number, "archive")["fires_at"]) == 4 * DAY


def test_a_timer_of_an_unknown_clause_refuses_the_moves_of_its_case(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE timer SET clause = 'older' WHERE clause = 'solution'")
    refused = refusal(lambda: make_move(store, number, "note", after=HOUR))
    assert (refused.code, refused.params) == ("lost_clause", {"number": number, "clause": "older"})


def test_a_timer_whose_clause_is_retired_without_a_successor_stops_at_the_next_move(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE timer SET clause = 'older' WHERE clause = 'solution'")
    with replaced(replace(COMPLAINT, retired=(Retired(clause="older"),))):
        make_move(store, number, "note", after=HOUR)
    assert ended(store, number, "older") == ("stopped", HOUR)
