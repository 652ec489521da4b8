"""On Postgres listeners are notified of moves after these are committed, and a failure to do so undoes nothing."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from engine import store as stores
from engine.databases import CHANNEL, WAKE, postgres_conninfo
from engine.store import Store
from tests.case_actions import make_move, new_case, query_rows

SECONDS = 30
"""Longer than any notification takes; only a test that fails waits for it."""


@pytest.fixture
def listener(postgres_store: Store) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(postgres_conninfo(postgres_store.url), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def moved(store: Store, number: str) -> bool:
    return (
        query_rows(store, "SELECT state FROM cases WHERE number = :number", number=number)[0]["state"] == "classified"
    )


def test_a_move_is_committed_when_its_listeners_are_notified(postgres_store: Store, monkeypatch: pytest.MonkeyPatch):
    number = new_case(postgres_store)
    seen: list[bool] = []

    class Watched(str):
        """The statement that notifies; whoever encodes it to send it looks first whether the move is there."""

        def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
            seen.append(moved(postgres_store, number))
            return super().encode(encoding, errors)

    monkeypatch.setattr(stores, "WAKE", Watched(WAKE))
    make_move(postgres_store, number, "classify")
    assert seen == [True]


def test_nobody_is_notified_of_a_transaction_that_moves_no_case(
    postgres_store: Store, listener: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stores, "WAKE", "this is no SQL")
    with postgres_store.writing() as tx:
        tx.run("UPDATE actor SET locale = 'en'")
    assert list(listener.notifies(timeout=0)) == []


def test_a_move_whose_connection_is_killed_before_it_notifies_stays_committed(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
):
    number = new_case(postgres_store)
    monkeypatch.setattr(stores, "WAKE", "SELECT pg_terminate_backend(pg_backend_pid())")
    assert make_move(postgres_store, number, "classify").seq == 2
    monkeypatch.undo()
    assert moved(postgres_store, number)
    assert make_move(postgres_store, new_case(postgres_store), "classify").seq == 2


def test_what_many_threads_commit_is_notified_after_the_last_of_them(
    postgres_store: Store, listener: "psycopg.Connection[Any]"
):
    numbers = [new_case(postgres_store) for _ in range(12)]
    list(listener.notifies(timeout=SECONDS, stop_after=1))
    together = threading.Barrier(4)

    def move(of_thread: list[str]) -> None:
        together.wait()
        for number in of_thread:
            make_move(postgres_store, number, "classify")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(move, [numbers[start::4] for start in range(4)]))
    known = 0
    while known < len(numbers):  # after each notification a listener looks; the last one finds all of them
        assert list(listener.notifies(timeout=SECONDS, stop_after=1)), "nobody notified of the last moves"
        known = sum(moved(postgres_store, number) for number in numbers)
