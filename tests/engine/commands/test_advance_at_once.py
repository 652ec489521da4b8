"""Many hands at one case: each key is honoured once, and no move of another is lost."""

from functools import partial

import pytest

from engine.audit.verify import verify
from engine.commands.advance import Answer, Command, advance, advance_many
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

HANDS = 10


def note(number: str, words: str, key: str | None = None) -> Command:
    return Command(number, "note", {"note": words}, actor=AGENT, key=key)


@pytest.mark.parametrize("move", ["note", "classify"])
def test_ten_at_once_with_one_key_make_one_move(store: Store, move: str):
    number = new_case(store)
    command = Command(number, move, form_for(move), actor=AGENT, key="k")
    answers = run_concurrently([partial(advance, store, command, START)] * HANDS)
    assert moves_of(store, number) == ["open", move]
    assert {(answer.seq, answer.state) for answer in answers if isinstance(answer, Answer)} == {
        (2, case_of(store, number)["state"])
    }
    assert [answer for answer in answers if not isinstance(answer, Answer)] == []
    assert [answer.again for answer in answers if isinstance(answer, Answer)].count(False) == 1


def test_ten_at_once_with_ten_keys_all_move_the_case_without_a_gap(store: Store):
    number = new_case(store)
    answers = run_concurrently([partial(advance, store, note(number, f"n{n}", f"k{n}"), START) for n in range(HANDS)])
    assert [answer for answer in answers if not isinstance(answer, Answer)] == []
    assert {answer.seq for answer in answers if isinstance(answer, Answer)} == set(range(2, HANDS + 2))
    assert [row["seq"] for row in history_of(store, number)] == list(range(1, HANDS + 2))
    assert verify(store).ok


def test_of_ten_at_once_who_saw_the_same_case_one_moves_it(store: Store):
    number = new_case(store)
    seen = [Command(number, "note", {"note": f"n{n}"}, actor=AGENT, if_seq=1) for n in range(HANDS)]
    answers = run_concurrently([partial(advance, store, command, START) for command in seen])
    assert len([answer for answer in answers if isinstance(answer, Answer)]) == 1
    assert {getattr(answer, "code", "") for answer in answers} == {"stale", ""}
    assert case_of(store, number)["version"] == 2


def test_groups_that_take_their_cases_crosswise_all_succeed(store: Store):
    one, other = new_case(store), new_case(store)
    there = [note(one, "n"), note(other, "n")]
    works = [partial(advance_many, store, there[:: 1 if n % 2 else -1], START) for n in range(6)]
    assert [answers for answers in run_concurrently(works) if isinstance(answers, BaseException)] == []
    assert len(history_of(store, one)) == len(history_of(store, other)) == 7
    assert verify(store).ok


def test_of_two_at_once_who_exclude_each_other_one_is_refused(store: Store):
    number = new_case(store)
    wishes = [Command(number, move, form_for(move), actor="sue") for move in ("refuse", "withdraw")]
    answers = run_concurrently([partial(advance, store, wish, START) for wish in wishes])
    assert sorted(type(answer).__name__ for answer in answers) == ["Answer", "Refused"]
    assert len(history_of(store, number)) == 2


def test_a_handler_and_an_agent_lose_nothing_of_each_other(store: Store):
    number = new_case(store)
    hands = [
        partial(advance, store, Command(number, "note", {"note": f"{n}"}, actor=who), START)
        for who in (AGENT, HANDLER)
        for n in range(5)
    ]
    assert all(isinstance(answer, Answer) for answer in run_concurrently(hands))
    assert len(history_of(store, number)) == 11
