"""A key sent again while its first command runs: the second command waits and gets the first answer."""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from engine.commands.advance import advance, advance_in
from engine.commands.command import Answer, Command
from engine.commands.open_case import Opening, open_case, open_in
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import AGENT, START, contact, moves_of, new_case, query_rows, run_concurrently

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
CASE_IDS = "SELECT id FROM cases"
COMMANDS = 10


def waits_for_lock(store: Store, second: Future[Answer]) -> bool:
    """Return whether the second command waits for a lock; False if it ends without waiting."""
    while not second.done():
        if query_rows(store, WAITING):
            return True
    return False


@pytest.mark.postgres
def test_a_contact_sent_twice_waits_for_its_key(postgres_store: Store):
    """The contact names no customer, so that only the key can make the second wait."""
    opening = Opening(contact(), key="k")
    with ThreadPoolExecutor(1) as pool:
        with postgres_store.writing() as tx:
            first = open_in(tx, postgres_store.secret, opening, START)
            assert len(tx.rows(CASE_IDS)) == 1, "a query writes what was buffered"
            second = pool.submit(open_case, postgres_store, opening, START)
            assert waits_for_lock(postgres_store, second)
        answer = second.result()
    assert (answer.number, answer.again) == (first.number, True)
    assert query_rows(postgres_store, "SELECT number FROM cases") == [{"number": first.number}]


@pytest.mark.postgres
def test_one_key_for_two_cases_is_honoured_for_the_first(postgres_store: Store):
    first_case, second_case = new_case(postgres_store), new_case(postgres_store)
    commands = [Command(number, "note", {"note": "n"}, actor=AGENT, key="k") for number in (first_case, second_case)]
    with ThreadPoolExecutor(1) as pool:
        with postgres_store.writing() as tx:
            advance_in(tx, postgres_store.secret, commands[0], START)
            assert len(tx.rows(CASE_IDS)) == 2
            second = pool.submit(advance, postgres_store, commands[1], START)
            assert waits_for_lock(postgres_store, second)
        with pytest.raises(Refused) as caught:
            second.result()
    assert caught.value.code == "key_reused"
    assert (moves_of(postgres_store, first_case), moves_of(postgres_store, second_case)) == (["open", "note"], ["open"])


def test_of_ten_concurrent_bodies_under_one_key_one_is_honoured(store: Store):
    number = new_case(store)
    commands = [Command(number, "note", {"note": f"n{n}"}, actor=AGENT, key="k") for n in range(COMMANDS)]
    answers = run_concurrently([partial(advance, store, command, START) for command in commands])
    assert [type(answer).__name__ for answer in answers].count("Answer") == 1
    assert {getattr(answer, "code", "") for answer in answers} == {"key_reused", ""}
    assert moves_of(store, number) == ["open", "note"]
