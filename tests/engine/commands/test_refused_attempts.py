"""A refused attempt leaves a trace beside the record: who tried what on which case, and why not."""

from datetime import timedelta

import pytest

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Command
from engine.commands.refused_attempts import KEPT_FOR, KEPT_PER_CASE, RefusedMove, refused_moves
from engine.store import Store
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DAY,
    HANDLER,
    HOUR,
    START,
    SUPERVISOR,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
)


def attempts(store: Store, after: timedelta = timedelta(), **conditions: object) -> list[RefusedMove]:
    return refused_moves(store, AUDITOR, START + after, 1000, **conditions)


def try_move(store: Store, number: str, move: str, by: str, after: timedelta = timedelta(), **form: object) -> str:
    """Try a move that must be refused; return the code."""
    return refusal(lambda: advance(store, Command(number, move, form, actor=by), START + after)).code


@pytest.mark.requirement("F3")
def test_who_tried_what_on_which_case_and_why_not_is_kept(store: Store):
    number = new_case(store)
    assert try_move(store, number, "archive", SUPERVISOR, HOUR) == "not_now"
    assert try_move(store, number, "extend", AGENT, 2 * HOUR, clause="solution", hours=2, reason="Please.") == "role"
    assert attempts(store) == [
        RefusedMove(
            at=START + 2 * HOUR, number=number, kind="complaint", actor=AGENT, via="cli", move="extend",
            state="received", code="role", why=("department_manager", "general_manager", "team_supervisor"),
        ),
        RefusedMove(
            at=START + HOUR, number=number, kind="complaint", actor=SUPERVISOR, via="cli", move="archive",
            state="received", code="not_now", why=(),
        ),
    ]  # fmt: skip
    assert query_rows(store, "SELECT count(*) AS n FROM transition") == [{"n": 1}], "it is no part of the record"
    assert verify(store).ok


@pytest.mark.requirement("F3")
def test_whoever_would_judge_his_own_work_is_found_by_that(store: Store):
    number = new_resolved_case(store)
    assert try_move(store, number, "revisit", HANDLER, outcome="satisfied") == "own_work"
    [attempt] = attempts(store, code="own_work")
    assert (attempt.actor, attempt.move) == (HANDLER, "revisit")
    assert set(attempt.why) <= {"investigate", "resolve"}
    assert attempts(store, actor=SUPERVISOR) == attempts(store, since=START + DAY) == []
    assert attempts(store, actor=HANDLER, number=number, move="revisit") == [attempt]


def test_nothing_that_was_typed_is_kept(store: Store):
    number = new_case(store)
    try_move(store, number, "reply", "who is mr wang", message="Mr Wang, 13800138000")
    try_move(store, number, "mr wang called", AGENT)
    try_move(store, number, "reply", AGENT, wang="13800138000")
    try_move(store, number, "extend", SUPERVISOR, clause="solution", hours="wang", reason="13800138000")
    rows = query_rows(store, "SELECT actor_id, move, code, why FROM refused_attempt ORDER BY id")
    assert [(row["move"], row["code"], row["why"]) for row in rows] == [
        ("reply", "unknown_actor", ""),
        ("", "unknown_move", ""),
        ("reply", "form", "message"),
        ("extend", "form", "hours"),
    ]
    assert rows[0]["actor_id"] is None


def test_an_accepted_move_and_the_work_of_the_system_leave_none(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    assert try_move(store, number, "archive", "system") == "not_now"
    assert attempts(store) == []


def test_the_oldest_go_when_a_case_has_too_many_and_when_they_are_too_old(store: Store):
    number, other = new_case(store), new_case(store)
    try_move(store, other, "archive", SUPERVISOR)
    for n in range(KEPT_PER_CASE + 3):
        try_move(store, number, "archive", SUPERVISOR, n * timedelta(seconds=1))
    kept = attempts(store, number=number)
    assert (len(kept), kept[-1].at) == (KEPT_PER_CASE, START + timedelta(seconds=3))
    assert len(attempts(store, number=other)) == 1, "another case's stay"
    try_move(store, number, "archive", SUPERVISOR, KEPT_FOR + DAY)
    assert [attempt.at for attempt in attempts(store)] == [START + KEPT_FOR + DAY]


def test_only_an_auditor_or_an_administrator_reads_them(store: Store):
    assert refusal(lambda: refused_moves(store, SUPERVISOR, START, 10)).code == "not_in_charge"
    execute_sql(store, "UPDATE actor SET roles = 'administrator' WHERE handle = 'sue'")
    assert refused_moves(store, SUPERVISOR, START, 10) == []


@pytest.mark.requirement("F3")
def test_of_a_group_each_refused_attempt_of_a_person_is_kept(store: Store):
    numbers = [new_case(store), new_case(store)]
    commands = [Command(number, "archive", actor=SUPERVISOR, via="staffing") for number in numbers]
    commands += [Command(numbers[0], "note", {"note": "He calls."}, actor=AGENT), Command(numbers[1], "archive")]
    advance_many(store, commands, START + HOUR)
    assert sorted((kept.number, kept.actor, kept.via, kept.code) for kept in attempts(store)) == [
        (number, SUPERVISOR, "staffing", "not_now") for number in numbers
    ]
