"""The one verb: a move is made whole or refused with its reason, and nothing is written then."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.commands.advance import Command, _request_hash, advance, advance_many
from engine.ledger.chain import keyed
from engine.store import Store
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


def refused(store: Store, command: Command, after: timedelta = timedelta()) -> Refused:
    """The refusal of a command, which must leave no trace."""
    before = everything(store)
    told = refusal(lambda: advance(store, command, START + after))
    assert everything(store) == before
    return told


def everything(store: Store) -> list[list[dict[str, Any]]]:
    tables = ("cases", "transition", "statement", "timer", "escalation_step", "outbox_event", "idempotency_key")
    return [query_rows(store, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_a_move_writes_row_transition_statement_and_moment_at_once(store: Store):
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


def test_an_end_closes_the_case(store: Store):
    number = new_case(store)
    assert not case_of(store, number)["closed"]
    make_move(store, number, "withdraw")
    assert case_of(store, number)["closed"]
    assert refused(store, Command(number, "note", {"note": "n"}, actor=AGENT)).params["allowed"] == []


def test_a_key_makes_one_move_and_gives_the_first_answer_again(store: Store):
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
    said = {"number": number, "move": "note", "form": {"note": "He calls."}, "actor": AGENT, "key": "k"}
    advance(store, Command(**said), START)
    assert refused(store, Command(**said | other)).code == "key_reused"


def test_a_refused_key_is_free_again(store: Store):
    number = new_case(store)
    command = Command(number, "investigate", form_for("investigate"), actor=HANDLER, key="k")
    assert refused(store, command).code == "not_now"
    make_move(store, number, "classify")
    assert advance(store, command, START).state == "investigated"


def test_a_case_that_has_moved_since_refuses(store: Store):
    number = new_case(store)
    make_move(store, number, "classify")
    told = refused(store, Command(number, "note", {"note": "n"}, actor=AGENT, if_seq=1))
    assert (told.code, told.params) == ("stale", {"number": number, "expected": 1, "seq": 2})
    assert advance(store, Command(number, "note", {"note": "n"}, actor=AGENT, if_seq=2), START).seq == 3


def test_who_may_not_is_told_who_may(store: Store):
    told = refused(store, Command(new_case(store), "classify", form_for("classify"), actor=AUDITOR))
    assert told.code == "role"
    assert "agent" in told.params["wanted"]
    assert told.params["allowed"] == []


def test_what_a_condition_forbids_names_the_condition(store: Store):
    number = new_case(store)
    make_move(store, number, "escalate", level=2)
    told = refused(store, Command(number, "escalate", form_for("escalate"), actor=AGENT))
    assert (told.code, told.params["guards"]) == ("guard", ["rises"])


def test_what_is_not_for_now_names_what_is(store: Store):
    told = refused(store, Command(new_case(store), "resolve", form_for("resolve"), actor=HANDLER))
    assert told.code == "not_now"
    assert "ask_customer" in told.params["allowed"]


def test_a_fault_in_the_form_names_the_field_and_never_the_value(store: Store):
    form = {"category": "PRIVATE", "severity": "PRIVATE", "secret": "PRIVATE"}
    told = refused(store, Command(new_case(store), "classify", form, actor=AGENT))
    assert {fault["field"] for fault in told.params["fields"]} == {"category", "severity", "secret"}
    assert "PRIVATE" not in str(told.params)


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
def test_what_is_unknown_or_dated_by_hand_is_refused(store: Store, changed: dict[str, Any], code: str):
    said = {"number": new_case(store), "move": "classify", "form": form_for("classify"), "actor": AGENT}
    assert refused(store, Command(**said | changed)).code == code


def test_an_import_may_tell_when_it_happened(store: Store):
    number = new_case(store)
    command = Command(number, "classify", form_for("classify"), actor="import", occurred_at=START + HOUR)
    advance(store, command, START + 2 * HOUR)
    last = history_of(store, number)[-1]
    assert last["recorded_at"] - last["occurred_at"] == HOUR / MICROSECOND


def test_recorded_times_never_fall_though_the_clock_does(store: Store):
    number = new_case(store, HOUR)
    make_move(store, number, "classify", after=timedelta())
    first, second = history_of(store, number)
    assert second["recorded_at"] == first["recorded_at"]
    assert second["occurred_at"] == first["recorded_at"], "for a case, time never goes back"


def test_of_many_the_wrong_one_is_refused_alone(store: Store):
    one, other = new_case(store), new_case(store)
    said = [(one, "classify"), (one, "resolve"), (other, "classify"), ("cp-26-999999", "classify"), (one, "note")]
    answers = advance_many(store, [Command(n, m, form_for(m), actor="sue") for n, m in said], START)
    assert [a.code if isinstance(a, Refused) else a.seq for a in answers] == [2, "not_now", 2, "unknown_case", 3]
    assert moves_of(store, one) == ["open", "classify", "note"]
    assert moves_of(store, other) == ["open", "classify"]


def test_of_many_the_same_key_twice_is_made_once(store: Store):
    command = Command(new_case(store), "classify", form_for("classify"), actor=AGENT, key="k")
    first, again = advance_many(store, [command, command], START)
    assert (getattr(first, "again", None), getattr(again, "again", None)) == (False, True)


def test_of_many_the_same_key_for_two_cases_is_refused_the_second(store: Store):
    one, other = new_case(store), new_case(store)
    said = [Command(number, "note", form_for("note"), actor="sue", key="k") for number in (one, other)]
    first, second = advance_many(store, said, START)
    assert (getattr(first, "seq", None), getattr(second, "code", None)) == (2, "key_reused")
    assert moves_of(store, other) == ["open"]


def test_what_a_refused_move_of_many_had_fired_is_fired_by_the_next(store: Store):
    """The rungs that fell due go with the move before which they were to fire, and come again with another."""
    late, other = new_case(store), new_case(store)
    said = [(late, "archive"), (other, "note"), (late, "note"), (late, "note")]
    answers = advance_many(store, [Command(n, m, form_for(m), actor="sue") for n, m in said], START + 5 * HOUR)
    assert isinstance(answers[0], Refused)
    assert moves_of(store, late) == ["open", "remind", "breach", "breach", "breach", "note", "note"]
    assert len(fired_steps_of(store, late)) == 4


def test_a_state_that_nobody_knows_any_more_is_refused(store: Store):
    number = new_case(store)
    execute_sql(store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=number)
    told = refused(store, Command(number, "classify", form_for("classify"), actor=AGENT))
    assert (told.code, told.params) == ("lost_state", {"number": number, "state": "limbo"})


def test_a_move_after_a_due_rung_fires_the_rung_first(store: Store):
    number = new_case(store)
    make_move(store, number, "reply", after=5 * HOUR)
    assert moves_of(store, number) == ["open", "remind", "breach", "breach", "breach", "reply"]
    assert case_of(store, number)["level"] == 3
    assert timer_of(store, number, "first_reply")["outcome"] == "breached"


@pytest.mark.parametrize("words", ["a\x00b", "a\ud800b"], ids=["NUL", "half a character"])
def test_words_that_no_database_keeps_are_a_fault_of_the_form(store: Store, words: str):
    told = refused(store, Command(new_case(store), "note", {"note": words}, actor=AGENT, key="k"))
    assert (told.code, [fault["field"] for fault in told.params["fields"]]) == ("form", ["note"])


@pytest.mark.parametrize("form", [{}, {"note": '他说"明天"\\来\n'}, {"b": 2, "a": None, "c": 'x, "y": 1'}])
def test_a_body_is_told_as_it_always_was(form: dict[str, Any]):
    text = json.dumps({name: str(value) for name, value in form.items()}, sort_keys=True)
    request = Command("cp-26-000001", "note", form)
    assert _request_hash(b"s", request) == keyed(b"s", "cp-26-000001", "note", "system", text)
