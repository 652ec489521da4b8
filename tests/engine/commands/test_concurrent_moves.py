"""Concurrent commands for one case: each key is honoured once, and no move is lost."""

from functools import partial

import pytest

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.store import Store
from tests.case_actions import (
    AGENT,
    HANDLER,
    START,
    case_of,
    form_for,
    history_of,
    moves_of,
    new_case,
    run_concurrently,
)

COMMANDS = 10


def note(number: str, text: str, key: str | None = None) -> Command:
    return Command(number, "note", {"note": text}, actor=AGENT, key=key)


@pytest.mark.parametrize("move", ["note", "classify"])
def test_ten_concurrent_commands_with_one_key_make_one_move(store: Store, move: str):
    number = new_case(store)
    command = Command(number, move, form_for(move), actor=AGENT, key="k")
    answers = run_concurrently([partial(advance, store, command, START)] * COMMANDS)
    assert moves_of(store, number) == ["open", move]
    assert {(answer.seq, answer.state) for answer in answers if isinstance(answer, Answer)} == {
        (2, case_of(store, number)["state"])
    }
    assert [answer for answer in answers if not isinstance(answer, Answer)] == []
    assert [answer.again for answer in answers if isinstance(answer, Answer)].count(False) == 1


def test_ten_concurrent_commands_with_ten_keys_make_ten_moves_without_a_gap(store: Store):
    number = new_case(store)
    answers = run_concurrently(
        [partial(advance, store, note(number, f"n{n}", f"k{n}"), START) for n in range(COMMANDS)]
    )
    assert [answer for answer in answers if not isinstance(answer, Answer)] == []
    assert {answer.seq for answer in answers if isinstance(answer, Answer)} == set(range(2, COMMANDS + 2))
    assert [row["seq"] for row in history_of(store, number)] == list(range(1, COMMANDS + 2))
    assert verify(store).ok


def test_of_ten_concurrent_commands_with_the_same_sequence_number_one_succeeds(store: Store):
    number = new_case(store)
    commands = [Command(number, "note", {"note": f"n{n}"}, actor=AGENT, if_seq=1) for n in range(COMMANDS)]
    answers = run_concurrently([partial(advance, store, command, START) for command in commands])
    assert len([answer for answer in answers if isinstance(answer, Answer)]) == 1
    assert {getattr(answer, "code", "") for answer in answers} == {"stale", ""}
    assert case_of(store, number)["version"] == 2


def test_concurrent_groups_in_opposite_order_all_succeed(store: Store):
    first_case, second_case = new_case(store), new_case(store)
    commands = [note(first_case, "n"), note(second_case, "n")]
    groups = [partial(advance_many, store, commands[:: 1 if n % 2 else -1], START) for n in range(6)]
    assert [answers for answers in run_concurrently(groups) if isinstance(answers, BaseException)] == []
    assert len(history_of(store, first_case)) == len(history_of(store, second_case)) == 7
    assert verify(store).ok


def test_of_two_concurrent_moves_that_exclude_each_other_one_is_refused(store: Store):
    number = new_case(store)
    commands = [Command(number, move, form_for(move), actor="sue") for move in ("refuse", "withdraw")]
    answers = run_concurrently([partial(advance, store, command, START) for command in commands])
    assert sorted(type(answer).__name__ for answer in answers) == ["Answer", "Refused"]
    assert len(history_of(store, number)) == 2


def test_concurrent_notes_of_two_people_are_all_recorded(store: Store):
    number = new_case(store)
    commands = [
        partial(advance, store, Command(number, "note", {"note": f"{n}"}, actor=actor), START)
        for actor in (AGENT, HANDLER)
        for n in range(5)
    ]
    assert all(isinstance(answer, Answer) for answer in run_concurrently(commands))
    assert len(history_of(store, number)) == 11
