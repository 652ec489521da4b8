"""A full disk, a slow disk and one with space again: a move is written whole or refused with the reason."""

import sqlite3

import psycopg
import pytest

from engine.audit.verify import verify
from engine.databases import translated
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import case_of, make_move, new_case, query_rows, refusal

LONG = "x" * 9_000
"""A text that fills several pages of the database file."""


@pytest.fixture
def full_store(sqlite_store: Store) -> Store:
    """A store whose file may not grow by a page, as on a full disk."""
    with sqlite_store.writing() as tx:
        pages = tx.row("PRAGMA page_count")[0]
        tx.run(f"PRAGMA max_page_count = {pages}")
    return sqlite_store


def free_space(store: Store) -> None:
    with store.writing() as tx:
        tx.run("PRAGMA max_page_count = 1000000")


def test_a_full_disk_refuses_the_whole_move_with_the_reason(full_store: Store):
    assert refusal(lambda: new_case(full_store, text=LONG)).code == "disk_full"
    for table in ("cases", "transition", "statement", "outbox_event", "timer"):
        assert query_rows(full_store, f"SELECT * FROM {table}") == [], table


def test_earlier_rows_can_be_read_from_a_full_disk(sqlite_store: Store, request: pytest.FixtureRequest):
    number = new_case(sqlite_store)
    full_store: Store = request.getfixturevalue("full_store")
    assert refusal(lambda: make_move(full_store, number, "note", note=LONG)).code == "disk_full"
    assert case_of(full_store, number)["version"] == 1
    assert verify(full_store).ok


def test_the_same_move_succeeds_once_there_is_space(full_store: Store):
    assert refusal(lambda: new_case(full_store, text=LONG)).code == "disk_full"
    free_space(full_store)
    number = new_case(full_store, text=LONG)
    assert make_move(full_store, number, "classify").seq == 2
    assert verify(full_store).ok


def test_a_full_disk_of_postgres_is_the_same_refusal():
    refused = translated(psycopg.errors.DiskFull())
    assert isinstance(refused, Refused)
    assert refused.code == "disk_full"


def test_during_a_slow_commit_readers_continue_and_writers_are_refused(sqlite_store: Store):
    number = new_case(sqlite_store)
    with sqlite_store.writing() as tx:
        tx.run("PRAGMA busy_timeout = 20")  # instead of five seconds
    slow = sqlite3.connect(sqlite_store.file, isolation_level=None)
    slow.execute("BEGIN IMMEDIATE")
    slow.execute("UPDATE cases SET owner = 'x'")
    assert case_of(sqlite_store, number)["owner"] is None
    assert refusal(lambda: make_move(sqlite_store, number, "classify")).code == "busy"
    slow.execute("ROLLBACK")
    slow.close()
    assert make_move(sqlite_store, number, "classify").seq == 2
