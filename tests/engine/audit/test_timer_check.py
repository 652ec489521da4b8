"""Timers must agree with the record: whoever delays, softens or removes a promise by hand is found."""

from typing import Any

import pytest

from engine.audit.verify import verify
from engine.escalation.fire import fire_due
from engine.store import Store
from tests.case_actions import HOUR, START, execute_sql, make_move, new_case, query_rows

pytestmark = [pytest.mark.requirement("B5"), pytest.mark.any_database]


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


@pytest.fixture
def timer(store: Store) -> dict[str, Any]:
    """The promise of a solution, in a case that was classified, so that the first reply is met and this one is not."""
    number = new_case(store)
    make_move(store, number, "classify", after=HOUR)
    fire_due(store, START + 2 * HOUR)
    assert faults(store) == set()
    [row] = query_rows(store, "SELECT * FROM timer WHERE clause = 'solution' AND closed_at IS NULL")
    return row


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("fires_at = NULL", "timer_due"),
        ("fires_at = fires_at + 86400000000 * 60", "timer_due"),
        ("allowance = allowance + 86400000000 * 60", "timer_limit"),
        ("amount = amount + 1", "timer_limit"),
        ("calendar = 'cn-hotline-2'", "timer_limit"),
        ("allowance = allowance + 3600000000, extended = extended + 3600000000", "timer_limit"),
        ("consumed = consumed + 86400000000 * 60", "timer_used"),
        ("running_since = NULL, fires_at = NULL", "timer_paused"),
        ("running_since = running_since + 60000000, fires_at = fires_at + 60000000", "timer_began"),
        ("opened_at = opened_at + 60000000", "timer_began"),
        ("cycle = cycle + 1", "timer_began"),
        ("clause = 'solution' || 'x'", "timer_missing"),
        ("level = level + 1", "timer_level"),
        ("closed_at = 1, closed_by = NULL, outcome = 'met', running_since = NULL, fires_at = NULL", "timer_outcome"),
    ],
)
def test_a_promise_that_was_softened_is_found(store: Store, timer: dict[str, Any], change: str, code: str):
    execute_sql(store, f"UPDATE timer SET {change} WHERE id = :id", id=timer["id"])
    assert f"{code}_solution" in faults(store)


def test_a_timer_of_a_clause_that_is_not_there_is_found(store: Store):
    make_move(store, new_case(store), "withdraw", after=HOUR)
    execute_sql(store, "UPDATE timer SET clause = 'dissolution' WHERE clause = 'solution'")
    assert "timer_clause_dissolution" in faults(store)


def test_a_promise_that_was_removed_before_its_first_step_is_found(store: Store, timer: dict[str, Any]):
    execute_sql(store, "DELETE FROM timer WHERE id = :id", id=timer["id"])
    assert "timer_missing_solution" in faults(store)


def test_a_promise_that_was_stopped_and_is_called_met_is_found(store: Store):
    make_move(store, new_case(store), "withdraw", after=HOUR)
    [closed] = query_rows(store, "SELECT * FROM timer WHERE clause = 'solution'")
    assert closed["outcome"] == "stopped"
    execute_sql(store, "UPDATE timer SET outcome = 'met' WHERE clause = 'solution'")
    assert "timer_outcome_solution" in faults(store)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'done', done_at = 5",
        "status = 'dead'",
        "status = 'leased'",
        "lease_owner = 'p'",
        "status = 'done', done_at = 5, lease_owner = 'p'",
    ],
)
def test_a_delivery_that_was_ended_by_hand_is_found(store: Store, change: str):
    """Nobody leased it, and nobody gave it up: a letter that is never sent."""
    new_case(store)
    event = "SELECT case_id, seq, 'acknowledge', 'waiting', 0, 5 FROM transition"
    execute_sql(store, f"INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at) {event}")
    assert faults(store) == set()
    execute_sql(store, f"UPDATE delivery SET {change}")
    assert faults(store) == {"delivery_end"}
