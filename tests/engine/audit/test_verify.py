"""``verify`` finds every change of the record, and no fault in a store that nobody changed."""

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
from tests.erasures import erase_texts_of


@pytest.fixture
def store_with_history(store: Store) -> Store:
    """A store with two cases of many moves and a new one."""
    number = new_case(store, phone="13800138000", subject="Broken", requested_at=START)
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


def test_an_unchanged_store_has_no_faults(store_with_history: Store):
    verdict = verify(store_with_history)
    assert verdict.faults == ()
    assert (verdict.ok, verdict.cases) == (True, 3)
    assert verdict.transitions == query_rows(store_with_history, "SELECT count(*) AS n FROM transition")[0]["n"]


def test_an_empty_store_has_no_faults(store: Store):
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
def test_a_changed_transition_is_detected(store_with_history: Store, column: str):
    sql = f"UPDATE transition SET {column} = :value WHERE case_id = 1 AND seq = 3"
    assert execute_sql(store_with_history, sql, value=TRANSITION[column]) == 1
    assert any(fault.number == "cp-26-000001" for fault in verify(store_with_history).faults)


def test_every_column_of_a_transition_is_checked(store_with_history: Store):
    assert set(TRANSITION) | {"case_id"} == set(history_of(store_with_history, "cp-26-000001")[0])


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
def test_a_changed_case_is_detected(store_with_history: Store, column: str):
    sql = f"UPDATE cases SET {column} = :value WHERE number = 'cp-26-000001'"
    assert execute_sql(store_with_history, sql, value=CASE[column]) == 1
    assert not verify(store_with_history).ok


def test_every_column_of_a_case_is_checked(store_with_history: Store):
    assert set(CASE) | NOT_IN_THE_RECORD == set(case_of(store_with_history, "cp-26-000001"))


OTHER_CHANGES = {
    "a changed text": "UPDATE statement SET content = 'Other words.' WHERE case_id = 1 AND field = 'text'",
    "a changed salt": "UPDATE statement SET salt = :salt WHERE case_id = 1 AND field = 'text'",
    "a deleted text": "DELETE FROM statement WHERE case_id = 1 AND field = 'text'",
    "a text emptied without a mark": "UPDATE statement SET content = NULL WHERE case_id = 1 AND field = 'text'",
    "a text moved to another field": "UPDATE statement SET field = 'demand' WHERE case_id = 1 AND field = 'text'",
    "a text moved to another transition": "UPDATE statement SET seq = 2 WHERE case_id = 1 AND field = 'text'",
    "a deleted step": "DELETE FROM escalation_step WHERE case_id = 1 AND percent = 100",
    "a step before its due time": (
        "UPDATE escalation_step SET due_at = recorded_at + 1 WHERE case_id = 1 AND percent = 100"
    ),
    "steps out of order": "UPDATE escalation_step SET due_at = 5 WHERE case_id = 1 AND percent = 200",
    "a timer set back": "UPDATE timer SET steps_fired = 1 WHERE case_id = 1 AND clause = 'first_reply'",
}


@pytest.mark.parametrize("change", OTHER_CHANGES)
def test_verify_detects(store_with_history: Store, change: str):
    assert execute_sql(store_with_history, OTHER_CHANGES[change], salt=b"0" * 32) >= 1
    faults = verify(store_with_history).faults
    assert {fault.number for fault in faults} == {"cp-26-000001"}


@pytest.mark.parametrize("form", ["", "no form", "[]", '{"text":{}}'])
def test_a_form_that_is_no_longer_valid_is_detected(store_with_history: Store, form: str):
    execute_sql(store_with_history, "UPDATE transition SET form = :form WHERE case_id = 1 AND seq = 1", form=form)
    assert "hash" in faults(store_with_history)


def test_a_deleted_last_transition_is_detected(store_with_history: Store):
    last = history_of(store_with_history, "cp-26-000001")[-1]
    assert (
        execute_sql(store_with_history, "DELETE FROM transition WHERE case_id = 1 AND seq = :seq", seq=last["seq"]) == 1
    )
    assert {"head", "row"} <= faults(store_with_history)


def test_a_deleted_history_is_detected(store_with_history: Store):
    execute_sql(store_with_history, "DELETE FROM transition WHERE case_id = 3")
    assert {"head", "row"} <= faults(store_with_history)


def test_two_swapped_transitions_are_detected(store_with_history: Store):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        execute_sql(
            store_with_history, "UPDATE transition SET seq = :new WHERE case_id = 1 AND seq = :old", old=old, new=new
        )
    assert {"hash", "skipped_state"} <= faults(store_with_history)


def test_an_erased_text_is_no_fault(store_with_history: Store):
    assert erase_texts_of(store_with_history, 1) >= 2
    assert verify(store_with_history).ok


def test_an_open_timer_of_a_closed_case_is_detected(store_with_history: Store):
    number = new_case(store_with_history)
    make_move(store_with_history, number, "withdraw")
    execute_sql(
        store_with_history,
        "UPDATE timer SET closed_at = NULL WHERE case_id = :id",
        id=case_of(store_with_history, number)["id"],
    )
    assert faults(store_with_history) == {
        f"timer_{what}_{clause}" for what in ("runs", "end") for clause in ("first_reply", "solution")
    }


def test_verify_can_be_limited_to_cases_changed_since_an_instant(store_with_history: Store):
    assert verify(store_with_history, START + HOUR).cases == 1
    assert verify(store_with_history, START + 9 * DAY).cases == 0


def test_a_store_has_no_faults_while_cases_move(store_with_history: Store):
    notes = [
        partial(make_move, store_with_history, f"cp-26-00000{1 + n % 3}", "note", after=9 * DAY) for n in range(12)
    ]
    verdicts = run_concurrently([*notes, *[partial(verify, store_with_history)] * 4])[len(notes) :]
    assert [getattr(verdict, "faults", verdict) for verdict in verdicts] == [()] * 4


def test_creating_the_store_again_causes_no_fault(store_with_history: Store, settings: Settings):
    create_store(settings, START, simulated_at=START)
    assert verify(store_with_history).ok
