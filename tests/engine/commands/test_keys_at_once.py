"""One key, sent again while it is still being honoured: whoever is second waits, and is given the first answer."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from engine.commands.advance import Answer, Command, advance, advance_in
from engine.commands.open_case import Opening, open_case, open_in
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, START, contact, moves_of, new_case, query_rows, run_concurrently

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
THERE = "SELECT id FROM cases"
HANDS = 10


def waited(store: Store, second: Future[Answer]) -> bool:
    """Whether the second waits for a lock; False once it has gone past the first."""
    while not second.done():
        if query_rows(store, WAITING):
            return True
    return False


@pytest.mark.postgres
def test_a_contact_sent_twice_at_once_waits_for_its_key_alone(postgres_store: Store):
    """Nobody is named in it, so that nothing but the key makes the second wait."""
    opening = Opening(contact(), key="k")
    with ThreadPoolExecutor(1) as pool:
        with postgres_store.writing() as tx:
            first = open_in(tx, postgres_store.secret, opening, START)
            assert len(tx.rows(THERE)) == 1, "what was kept back until somebody asks is written now"
            second = pool.submit(open_case, postgres_store, opening, START)
            assert waited(postgres_store, second)
        answer = second.result()
    assert (answer.number, answer.again) == (first.number, True)
    assert query_rows(postgres_store, "SELECT number FROM cases") == [{"number": first.number}]


@pytest.mark.postgres
def test_one_key_for_two_cases_is_honoured_for_the_first(postgres_store: Store):
    one, other = new_case(postgres_store), new_case(postgres_store)
    commands = [Command(number, "note", {"note": "n"}, actor=AGENT, key="k") for number in (one, other)]
    with ThreadPoolExecutor(1) as pool:
        with postgres_store.writing() as tx:
            advance_in(tx, postgres_store.secret, commands[0], START)
            assert len(tx.rows(THERE)) == 2
            second = pool.submit(advance, postgres_store, commands[1], START)
            assert waited(postgres_store, second)
        with pytest.raises(Refused) as caught:
            second.result()
    assert caught.value.code == "key_reused"
    assert (moves_of(postgres_store, one), moves_of(postgres_store, other)) == (["open", "note"], ["open"])


def test_of_ten_bodies_at_once_under_one_key_one_is_honoured(store: Store):
    number = new_case(store)
    wishes = [Command(number, "note", {"note": f"n{n}"}, actor=AGENT, key="k") for n in range(HANDS)]
    answers = run_concurrently([partial(advance, store, wish, START) for wish in wishes])
    assert [type(answer).__name__ for answer in answers].count("Answer") == 1
    assert {getattr(answer, "code", "") for answer in answers} == {"key_reused", ""}
    assert moves_of(store, number) == ["open", "note"]
