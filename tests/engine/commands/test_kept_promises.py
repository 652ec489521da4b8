"""A promise is kept once: a second time is refused and says when it was kept, and so is one that nobody made (B9)."""

from functools import partial

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from tests.case_actions import (
    AGENT,
    BY_PHONE,
    DAY,
    HOUR,
    START,
    case_of,
    contact,
    make_move,
    new_case,
    query_rows,
    refusal,
    timer_of,
)

pytestmark = pytest.mark.requirement("B9")


def test_a_promise_that_was_kept_is_not_kept_again_and_the_refusal_says_when_it_was(store: Store):
    number = new_case(store)
    make_move(store, number, "promise", AGENT)
    make_move(store, number, "keep_promise", AGENT, HOUR)
    version = case_of(store, number)["version"]
    refused = refusal(partial(make_move, store, number, "keep_promise", AGENT, 2 * HOUR))
    assert (refused.code, refused.params["at"]) == ("promise_kept", (START + HOUR).isoformat())
    assert case_of(store, number)["version"] == version
    assert timer_of(store, number, "promise")["closed_at"] == to_micros(START + HOUR)


def test_of_two_promises_only_the_one_that_runs_is_kept(store: Store):
    number = new_case(store)
    for _ in range(2):
        make_move(store, number, "promise", AGENT)
    make_move(store, number, "keep_promise", AGENT, HOUR, promise=2)
    assert refusal(partial(make_move, store, number, "keep_promise", AGENT, HOUR, promise=2)).code == "promise_kept"
    refused = refusal(partial(make_move, store, number, "keep_promise", AGENT, HOUR, promise=3))
    assert (refused.code, refused.params["running"]) == ("no_such_promise", [1])
    make_move(store, number, "keep_promise", AGENT, 2 * HOUR, promise=1)
    rows = query_rows(store, "SELECT occurrence, outcome FROM timer WHERE clause = 'promise' ORDER BY occurrence")
    assert rows == [{"occurrence": 1, "outcome": "met"}, {"occurrence": 2, "outcome": "met"}]


def test_a_promise_that_was_kept_late_was_kept(store: Store):
    number = new_case(store)
    make_move(store, number, "promise", AGENT)
    make_move(store, number, "keep_promise", AGENT, 3 * DAY)
    assert timer_of(store, number, "promise")["outcome"] == "breached"
    assert refusal(partial(make_move, store, number, "keep_promise", AGENT, 3 * DAY)).code == "promise_kept"


def test_where_no_promise_was_made_none_is_kept_and_none_is_offered(store: Store):
    number = new_case(store)
    refused = refusal(partial(make_move, store, number, "keep_promise", AGENT))
    assert (refused.code, refused.params["guards"]) == ("guard", ["promise_runs"])
    assert "keep_promise" not in refused.params["allowed"]
    make_move(store, number, "promise", AGENT)
    refused = refusal(partial(make_move, store, number, "resolve", AGENT))
    assert "keep_promise" in refused.params["allowed"]


def test_a_promise_whose_message_came_back_runs_and_is_kept_again(store: Store):
    number = new_case(store, email="wang@example.com")
    make_move(store, number, "promise", AGENT)
    command = Command(number, "keep_promise", {"promise": 1, "how": "It is there."}, actor=AGENT)
    seq = advance(store, command, START + HOUR).seq
    make_move(store, number, "message_undelivered", AGENT, 2 * HOUR, message=seq, cause="bounced")
    make_move(store, number, "keep_promise", AGENT, 3 * HOUR)
    assert timer_of(store, number, "promise")["outcome"] == "met"


def test_an_inquiry_keeps_its_promises_once_as_well(store: Store):
    number = open_case(store, Opening(contact(), "consultation"), START).number
    make_move(store, number, "promise", AGENT)
    form = {"promise": 1, "how": "Called.", **BY_PHONE}
    advance(store, Command(number, "keep_promise", form, actor=AGENT), START + HOUR)
    again = Command(number, "keep_promise", form, actor=AGENT)
    assert refusal(lambda: advance(store, again, START + HOUR)).code == "promise_kept"


def test_the_clauses_of_single_occurrences_are_those_of_promises_and_nodes():
    kinds = ("complaint", "inquiry", "service_order")
    clauses = {clause.name for kind in kinds for clause in lifecycle_of(kind).clauses if clause.occurrence_field}
    assert clauses == {"promise", "progress_node"}
