"""A case in a state that was removed from its lifecycle is carried over at the first touch, in the record."""

from dataclasses import replace

from engine.audit.verify import verify
from engine.commands.case_context import CaseContext
from engine.ledger.record import head_by_number
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.timers import timer as clocks
from models.columns import to_micros
from statemachines.complaint import COMPLAINT
from statemachines.lifecycle import Retired
from tests.telling import HOUR, START, alters, case_of, does, history_of, opened, refusal, tells

TABLE = replace(COMPLAINT, retired=(Retired("queued", "classified"),))


def touched(store: Store, number: str) -> None:
    """Take the case in hand under a lifecycle that has retired ``queued``."""
    with store.writing() as tx:
        head = head_by_number(tx, number)
        now = to_micros(START + HOUR)
        rules = rules_in(tx)
        CaseContext(tx, head, TABLE, rules, clocks.open_timers(tx, rules, head.id), now).carry_over()


def queued(store: Store) -> str:
    number = opened(store)
    alters(store, "UPDATE cases SET state = 'queued' WHERE number = :number", number=number)
    return number


def test_a_case_in_a_retired_state_is_carried_over_by_a_move_of_its_own(store: Store):
    number = queued(store)
    touched(store, number)
    case, last = case_of(store, number), history_of(store, number)[-1]
    assert (case["state"], case["previous_state"], case["version"]) == ("classified", "", 2)
    assert (last["move"], last["source"], last["dest"]) == ("carried_over", "queued", "classified")
    assert (last["via"], bool(last["inferred"]), last["lifecycle"]) == ("timer", True, TABLE.version)
    assert last["hash"] == case["head"]


def test_it_is_carried_over_once_and_goes_on_under_the_new_table(store: Store):
    number = queued(store)
    touched(store, number)
    touched(store, number)
    does(store, number, "investigate", after=HOUR)
    assert [row["move"] for row in history_of(store, number)] == ["open", "carried_over", "investigate"]


def test_its_clocks_run_on_and_none_begins_twice(store: Store):
    number = queued(store)
    before = tells(store, "SELECT * FROM timer ORDER BY id")
    touched(store, number)
    assert tells(store, "SELECT * FROM timer ORDER BY id") == before


def test_a_case_in_a_present_state_is_left_alone(store: Store):
    number = opened(store)
    touched(store, number)
    assert [row["move"] for row in history_of(store, number)] == ["open"]
    assert verify(store).ok


def test_a_state_without_an_heir_is_lost(store: Store):
    number = opened(store)
    alters(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    assert refusal(lambda: touched(store, number)).code == "lost_state"
