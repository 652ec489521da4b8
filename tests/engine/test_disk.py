"""A disk that is full, that is slow, and that has room again: all of a move or none of it, and the reason is said."""

import sqlite3

import psycopg
import pytest

from engine.audit.verify import verify
from engine.databases import translated
from engine.store import Store
from statemachines.lifecycle import Refused
from tests.case_actions import case_of, make_move, new_case, query_rows, refusal

LONG = "x" * 9_000
"""Several pages of the file."""


@pytest.fixture
def full(sqlite_store: Store) -> Store:
    """A store whose file may not grow by a page, as on a disk without room."""
    with sqlite_store.writing() as tx:
        pages = tx.row("PRAGMA page_count")[0]
        tx.run(f"PRAGMA max_page_count = {pages}")
    return sqlite_store


def has_room_again(store: Store) -> None:
    with store.writing() as tx:
        tx.run("PRAGMA max_page_count = 1000000")


def test_a_full_disk_refuses_the_move_whole_and_says_why(full: Store):
    assert refusal(lambda: new_case(full, text=LONG)).code == "disk_full"
    for table in ("cases", "transition", "statement", "outbox_event", "timer"):
        assert query_rows(full, f"SELECT * FROM {table}") == [], table


def test_what_was_written_before_can_still_be_read(sqlite_store: Store, request: pytest.FixtureRequest):
    number = new_case(sqlite_store)
    full: Store = request.getfixturevalue("full")
    assert refusal(lambda: make_move(full, number, "note", note=LONG)).code == "disk_full"
    assert case_of(full, number)["version"] == 1
    assert verify(full).ok


def test_with_room_again_the_same_move_is_made(full: Store):
    assert refusal(lambda: new_case(full, text=LONG)).code == "disk_full"
    has_room_again(full)
    number = new_case(full, text=LONG)
    assert make_move(full, number, "classify").seq == 2
    assert verify(full).ok


def test_postgres_says_it_in_other_words():
    said = translated(psycopg.errors.DiskFull())
    assert isinstance(said, Refused)
    assert said.code == "disk_full"


def test_while_a_slow_disk_holds_up_a_commit_readers_go_on_and_writers_hear_of_it(sqlite_store: Store):
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
