"""``advance`` makes a move whole, or refuses it with the reason and writes nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Command, request_hash
from engine.ledger.chain import keyed
from engine.store import Store
from models.columns import to_micros
from statemachines.lifecycle import Refused
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DAY,
    HANDLER,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    fired_steps_of,
    form_for,
    history_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
    timer_of,
)


def refusal_without_trace(store: Store, command: Command, after: timedelta = timedelta()) -> Refused:
    """Return the refusal of a command, and check that it wrote nothing."""
    before = all_rows(store)
    refused = refusal(lambda: advance(store, command, START + after))
    assert all_rows(store) == before
    return refused


def all_rows(store: Store) -> list[list[dict[str, Any]]]:
    tables = ("cases", "transition", "statement", "timer", "escalation_step", "outbox_event", "idempotency_key")
    return [query_rows(store, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_a_move_writes_case_transition_and_outbox_event(store: Store):
    number = new_case(store)
    answer = make_move(store, number, "classify", after=HOUR)
    assert (answer.number, answer.seq, answer.state, answer.again) == (number, 2, "classified", False)
    case, last = case_of(store, number), history_of(store, number)[-1]
    assert (case["state"], case["previous_state"], case["version"], case["head"]) == (
        *("classified", "received", 2),
        last["hash"],
    )
    assert (case["category"], case["severity"], case["department"]) == ("damage", "high", "claims")
    assert (last["source"], last["dest"], last["via"], bool(last["inferred"])) == (
        *("received", "classified", "cli"),
        False,
    )
    assert [row["seq"] for row in query_rows(store, "SELECT seq FROM outbox_event ORDER BY seq")] == [1, 2]


def test_a_final_state_closes_the_case(store: Store):
    number = new_case(store)
    assert not case_of(store, number)["closed"]
    make_move(store, number, "withdraw")
    assert case_of(store, number)["closed"]
    refused = refusal_without_trace(store, Command(number, "note", {"note": "n"}, actor=AGENT))
    assert refused.params["allowed"] == ["attach"]


def test_a_repeated_key_makes_one_move_and_gets_the_first_answer(store: Store):
    number = new_case(store)
    command = Command(number, "classify", form_for("classify"), actor=AGENT, key="k")
    first = advance(store, command, START)
    make_move(store, number, "investigate")
    again = advance(store, command, START + DAY)
    assert (again.seq, again.state, again.level, again.again) == (first.seq, "classified", 0, True)
    assert moves_of(store, number) == ["open", "classify", "investigate"]


@pytest.mark.parametrize(
    "other",
    [
        {"form": {"note": "Another."}},
        {"move": "progress", "form": {"progress": "He calls."}},
        {"actor": HANDLER},
        {"number": "cp-26-000002"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_key_with_another_body_is_refused(store: Store, other: dict[str, Any]):
    number = new_case(store)
    new_case(store)
    fields = {"number": number, "move": "note", "form": {"note": "He calls."}, "actor": AGENT, "key": "k"}
    advance(store, Command(**fields), START)
    assert refusal_without_trace(store, Command(**fields | other)).code == "key_reused"


def test_the_key_of_a_refused_command_is_free_again(store: Store):
    number = new_case(store)
    command = Command(number, "investigate", form_for("investigate"), actor=HANDLER, key="k")
    assert refusal_without_trace(store, command).code == "not_now"
    make_move(store, number, "classify")
    assert advance(store, command, START).state == "investigated"


def test_an_outdated_sequence_number_is_refused(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    refused = refusal_without_trace(store, Command(number, "note", {"note": "n"}, actor=AGENT, if_seq=1))
    assert (refused.code, refused.params) == ("stale", {"number": number, "expected": 1, "seq": 2})
    assert advance(store, Command(number, "note", {"note": "n"}, actor=AGENT, if_seq=2), START).seq == 3


def test_a_missing_role_is_refused_with_the_roles_that_may(store: Store):
    refused = refusal_without_trace(store, Command(new_case(store), "classify", form_for("classify"), actor=AUDITOR))
    assert refused.code == "role"
    assert "agent" in refused.params["wanted"]
    assert refused.params["allowed"] == []


def test_a_failed_guard_is_named(store: Store):
    number = new_case(store)
    make_move(store, number, "escalate", level=2)
    refused = refusal_without_trace(store, Command(number, "escalate", form_for("escalate"), actor=AGENT))
    assert (refused.code, refused.params["guards"]) == ("guard", ["rises"])


def test_a_move_from_a_wrong_state_is_refused_with_the_allowed_moves(store: Store):
    refused = refusal_without_trace(store, Command(new_case(store), "resolve", form_for("resolve"), actor=HANDLER))
    assert refused.code == "not_now"
    assert "ask_customer" in refused.params["allowed"]


def test_a_fault_in_the_form_names_the_field_and_never_the_value(store: Store):
    form = {"category": "PRIVATE", "severity": "PRIVATE", "secret": "PRIVATE"}
    refused = refusal_without_trace(store, Command(new_case(store), "classify", form, actor=AGENT))
    assert {fault["field"] for fault in refused.params["fields"]} == {"category", "severity", "secret"}
    assert "PRIVATE" not in str(refused.params)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": "cp-26-999999"}, "unknown_case"),
        ({"actor": "nobody"}, "unknown_actor"),
        ({"move": "fly"}, "unknown_move"),
        ({"occurred_at": START + HOUR, "actor": "import"}, "in_the_future"),
        ({"occurred_at": START - HOUR}, "no_backdating"),
        ({"occurred_at": START}, "no_backdating"),
        ({"occurred_at": START, "actor": "system"}, "no_backdating"),
    ],
)
def test_unknown_names_and_given_dates_are_refused(store: Store, changed: dict[str, Any], code: str):
    fields = {"number": new_case(store), "move": "classify", "form": form_for("classify"), "actor": AGENT}
    assert refusal_without_trace(store, Command(**fields | changed)).code == code


def test_an_import_may_give_the_time_of_occurrence(store: Store):
    number = new_case(store)
    command = Command(number, "classify", form_for("classify"), actor="import", occurred_at=START + HOUR)
    advance(store, command, START + 2 * HOUR)
    last = history_of(store, number)[-1]
    assert last["recorded_at"] - last["occurred_at"] == HOUR / MICROSECOND


def test_recorded_times_never_decrease_even_if_the_clock_does(store: Store):
    number = new_case(store, HOUR)
    make_move(store, number, "classify", after=timedelta())
    first, second = history_of(store, number)
    assert second["recorded_at"] == first["recorded_at"]
    assert second["occurred_at"] == to_micros(START), "what is judged is judged by the clock of that move"


def test_in_a_group_only_the_wrong_command_is_refused(store: Store):
    first_case, second_case = new_case(store), new_case(store)
    moves = [
        (first_case, "classify"),
        (first_case, "resolve"),
        (second_case, "classify"),
        ("cp-26-999999", "classify"),
        (first_case, "note"),
    ]
    answers = advance_many(store, [Command(number, move, form_for(move), actor="sue") for number, move in moves], START)
    assert [answer.code if isinstance(answer, Refused) else answer.seq for answer in answers] == [
        2,
        "not_now",
        2,
        "unknown_case",
        3,
    ]
    assert moves_of(store, first_case) == ["open", "classify", "note"]
    assert moves_of(store, second_case) == ["open", "classify"]


def test_in_a_group_a_repeated_key_makes_one_move(store: Store):
    command = Command(new_case(store), "classify", form_for("classify"), actor=AGENT, key="k")
    first, again = advance_many(store, [command, command], START)
    assert (getattr(first, "again", None), getattr(again, "again", None)) == (False, True)


def test_in_a_group_one_key_for_two_cases_is_refused_for_the_second(store: Store):
    first_case, second_case = new_case(store), new_case(store)
    commands = [Command(number, "note", form_for("note"), actor="sue", key="k") for number in (first_case, second_case)]
    first, second = advance_many(store, commands, START)
    assert (getattr(first, "seq", None), getattr(second, "code", None)) == (2, "key_reused")
    assert moves_of(store, second_case) == ["open"]


def test_steps_before_a_refused_move_of_a_group_fire_with_the_next_move(store: Store):
    """Due steps are written together with the move before which they fire, so that a refusal undoes them."""
    late, other = new_case(store), new_case(store)
    moves = [(late, "archive"), (other, "note"), (late, "note"), (late, "note")]
    answers = advance_many(
        store, [Command(number, move, form_for(move), actor="sue") for number, move in moves], START + 5 * HOUR
    )
    assert isinstance(answers[0], Refused)
    assert moves_of(store, late) == ["open", "remind", "breach", "breach", "breach", "note", "note"]
    assert len(fired_steps_of(store, late)) == 4


def test_a_case_in_an_unknown_state_is_refused(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    refused = refusal_without_trace(store, Command(number, "classify", form_for("classify"), actor=AGENT))
    assert (refused.code, refused.params) == ("lost_state", {"number": number, "state": "limbo"})


def test_a_move_fires_due_steps_first(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=5 * HOUR)
    assert moves_of(store, number) == ["open", "remind", "breach", "breach", "breach", "reply"]
    assert case_of(store, number)["level"] == 3
    assert timer_of(store, number, "first_reply")["outcome"] == "breached"


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"], ids=["NUL", "half a surrogate pair"])
def test_text_that_no_database_stores_is_a_fault_of_the_form(store: Store, text: str):
    refused = refusal_without_trace(store, Command(new_case(store), "note", {"note": text}, actor=AGENT, key="k"))
    assert (refused.code, [fault["field"] for fault in refused.params["fields"]]) == ("form", ["note"])


@pytest.mark.parametrize("form", [{}, {"note": '他说"明天"\\来\n'}, {"b": 2, "a": None, "c": 'x, "y": 1'}])
def test_the_hash_of_a_request_does_not_change_between_releases(form: dict[str, Any]):
    text = json.dumps({name: str(value) for name, value in form.items()}, sort_keys=True)
    request = Command("cp-26-000001", "note", form)
    assert request_hash(b"s", request) == keyed(b"s", "cp-26-000001", "note", "system", text)
