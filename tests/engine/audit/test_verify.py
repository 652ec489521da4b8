"""Tampering is found wherever it is done, and an honest store is found honest."""

from functools import partial
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.create_store import create_store
from engine.escalation.fire import fire_due
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import (
    DAY,
    HANDLER,
    HOUR,
    START,
    case_of,
    execute_sql,
    history_of,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    run_concurrently,
)


@pytest.fixture
def told(store: Store) -> Store:
    """A store with two cases that have seen a good deal, and one that is new."""
    number = new_case(store, phone="138", subject="Broken", requested_at=START)
    make_move(store, number, "classify", after=HOUR)
    make_move(store, number, "assign", after=HOUR, owner=HANDLER)
    fire_due(store, START + DAY)
    make_move(store, number, "investigate", after=DAY)
    make_move(store, number, "resolve", after=DAY)
    make_move(store, number, "attempt", by="system", after=2 * DAY)
    other = new_resolved_case(store)
    make_move(store, other, "revisit", outcome="dissatisfied", words="Never again.")
    new_case(store)
    return store


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


def test_an_honest_store_is_whole(told: Store):
    verdict = verify(told)
    assert verdict.faults == ()
    assert (verdict.ok, verdict.cases) == (True, 3)
    assert verdict.transitions == query_rows(told, "SELECT count(*) AS n FROM transition")[0]["n"]


def test_an_empty_store_is_whole(store: Store):
    assert verify(store).ok


TRANSITION: dict[str, Any] = {
    "seq": 99,
    "move": "reply",
    "source": "resolved",
    "dest": "resolved",
    "cycle": 7,
    "level": 3,
    "actor_id": 3,
    "via": "api",
    "occurred_at": 5,
    "recorded_at": 5,
    "inferred": True,
    "lifecycle": "0" * 12,
    "form": "{}",
    "hash": "0" * 64,
}


@pytest.mark.parametrize("column", TRANSITION)
def test_a_changed_transition_is_found(told: Store, column: str):
    sql = f"UPDATE transition SET {column} = :value WHERE case_id = 1 AND seq = 3"
    assert execute_sql(told, sql, value=TRANSITION[column]) == 1
    assert any(fault.number == "cp-26-000001" for fault in verify(told).faults)


def test_every_column_of_a_transition_is_tried(told: Store):
    assert set(TRANSITION) | {"case_id"} == set(history_of(told, "cp-26-000001")[0])


CASE: dict[str, Any] = {
    "number": "cp-26-000009",
    "kind": "parcel",
    "state": "investigated",
    "previous_state": "received",
    "closed": True,
    "version": 2,
    "head": "0" * 64,
    "cycle": 2,
    "level": 1,
    "attempts": 3,
    "category": "loss",
    "severity": "low",
    "department": "hotline",
    "owner": "amy",
    "channel": "mail",
    "customer_type": "enterprise",
    "variables": '{"compensation":1}',
    "opened_at": 5,
    "changed_at": 5,
}
NOT_IN_THE_RECORD = {"id", "party_id", "pack", "shipment"}


@pytest.mark.parametrize("column", CASE)
def test_a_changed_case_is_found(told: Store, column: str):
    sql = f"UPDATE cases SET {column} = :value WHERE number = 'cp-26-000001'"
    assert execute_sql(told, sql, value=CASE[column]) == 1
    assert not verify(told).ok


def test_every_column_of_a_case_is_tried(told: Store):
    assert set(CASE) | NOT_IN_THE_RECORD == set(case_of(told, "cp-26-000001"))


OTHERS = {
    "words that were changed": "UPDATE statement SET content = 'Other words.' WHERE case_id = 1 AND field = 'text'",
    "a salt that was changed": "UPDATE statement SET salt = :salt WHERE case_id = 1 AND field = 'text'",
    "words that are gone": "DELETE FROM statement WHERE case_id = 1 AND field = 'text'",
    "words emptied and not said to be": "UPDATE statement SET content = NULL WHERE case_id = 1 AND field = 'text'",
    "words put in another field": "UPDATE statement SET field = 'demand' WHERE case_id = 1 AND field = 'text'",
    "words put to another move": "UPDATE statement SET seq = 2 WHERE case_id = 1 AND field = 'text'",
    "a rung that is gone": "DELETE FROM escalation_step WHERE case_id = 1 AND percent = 100",
    "a rung before its time": "UPDATE escalation_step SET due_at = recorded_at + 1 WHERE case_id = 1 AND percent = 100",
    "rungs out of order": "UPDATE escalation_step SET due_at = 5 WHERE case_id = 1 AND percent = 200",
    "a clock set back": "UPDATE timer SET steps_fired = 1 WHERE case_id = 1 AND clause = 'first_reply'",
}


@pytest.mark.parametrize("what", OTHERS)
def test_it_finds(told: Store, what: str):
    assert execute_sql(told, OTHERS[what], salt=b"0" * 32) >= 1
    found = verify(told).faults
    assert {fault.number for fault in found} == {"cp-26-000001"}


@pytest.mark.parametrize("form", ["", "no form", "[]", '{"text":{}}'])
def test_a_form_that_is_none_any_more_is_found(told: Store, form: str):
    execute_sql(told, "UPDATE transition SET form = :form WHERE case_id = 1 AND seq = 1", form=form)
    assert "hash" in faults(told)


def test_the_last_transition_cannot_be_taken_away(told: Store):
    last = history_of(told, "cp-26-000001")[-1]
    assert execute_sql(told, "DELETE FROM transition WHERE case_id = 1 AND seq = :seq", seq=last["seq"]) == 1
    assert {"head", "row"} <= faults(told)


def test_a_whole_history_cannot_be_taken_away(told: Store):
    execute_sql(told, "DELETE FROM transition WHERE case_id = 3")
    assert {"head", "row"} <= faults(told)


def test_two_transitions_cannot_change_places(told: Store):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        execute_sql(told, "UPDATE transition SET seq = :new WHERE case_id = 1 AND seq = :old", old=old, new=new)
    assert {"hash", "skipped_state"} <= faults(told)


def test_words_that_were_erased_leave_the_record_whole(told: Store):
    erase = "UPDATE statement SET content = NULL, salt = NULL, erased_at = :at WHERE case_id = 1"
    assert execute_sql(told, erase, at=5) >= 2
    assert verify(told).ok


def test_a_closed_case_runs_no_clock(told: Store):
    number = new_case(told)
    make_move(told, number, "withdraw")
    execute_sql(told, "UPDATE timer SET closed_at = NULL WHERE case_id = :id", id=case_of(told, number)["id"])
    assert faults(told) == {"timer_runs_first_reply", "timer_runs_solution"}


def test_only_what_changed_since_is_looked_at_when_asked(told: Store):
    assert verify(told, START + HOUR).cases == 1
    assert verify(told, START + 9 * DAY).cases == 0


def test_a_store_in_use_is_found_honest_while_it_moves(told: Store):
    notes = [partial(make_move, told, f"cp-26-00000{1 + n % 3}", "note", after=9 * DAY) for n in range(12)]
    verdicts = run_concurrently([*notes, *[partial(verify, told)] * 4])[len(notes) :]
    assert [getattr(verdict, "faults", verdict) for verdict in verdicts] == [()] * 4


def test_other_hands_may_open_the_store_in_between(told: Store, settings: Settings):
    create_store(settings, START, simulated_at=START)
    assert verify(told).ok
