"""The store: a transaction is written whole or not at all, and a database that is busy or away is a refusal."""

import sqlite3

import pytest
from sqlmodel import select

from engine import transaction
from engine.databases import Conflict
from engine.store import Store
from engine.transaction import MOST_REMEMBERED, Tx
from models import Actor, Case
from statemachines.lifecycle import Refused
from tests.case_actions import START, make_move, new_case, query_rows, refusal

HIRE = "INSERT INTO actor (handle, roles, locale) VALUES (:handle, 'agent', 'en')"
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def handles(store: Store) -> set[str]:
    return {row["handle"] for row in query_rows(store, "SELECT handle FROM actor")}


def test_a_transaction_that_raises_writes_nothing(store: Store):
    def interrupted() -> None:
        with store.writing() as tx:
            tx.run(HIRE, handle="new")
            raise ZeroDivisionError

    before = handles(store)
    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert handles(store) == before


def test_committed_rows_are_seen_by_every_connection(store: Store):
    with store.writing() as tx:
        assert tx.run(HIRE, handle="new") == 1
    assert "new" in handles(store)
    with store.reading() as session:
        assert session.exec(select(Actor).where(Actor.handle == "new")).one().locale == "en"


def test_a_savepoint_undoes_only_its_own_statements(store: Store):
    def interrupted(tx: Tx) -> None:
        tx.run(HIRE, handle="inner")
        with tx.savepoint():
            tx.run(HIRE, handle="innermost")
        raise ZeroDivisionError

    with store.writing() as tx:
        tx.run(HIRE, handle="outer")
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            interrupted(tx)
        with tx.savepoint():
            tx.run(HIRE, handle="after")
    assert {"outer", "after"} <= handles(store)
    assert not {"inner", "innermost"} & handles(store)


def test_a_failed_statement_in_a_savepoint_leaves_the_transaction_usable(store: Store):
    with store.writing() as tx:
        with pytest.raises(Exception, match=r"(?i)unique"), tx.savepoint():
            tx.run(HIRE, handle="system")
        tx.run(HIRE, handle="new")
    assert "new" in handles(store)


def test_a_duplicate_key_is_a_conflict(store: Store):
    with pytest.raises(Conflict), store.writing() as tx:
        tx.run(HIRE, handle="system")


def test_a_connection_is_used_again_after_a_failure(store: Store):
    for _ in range(30):
        with pytest.raises(Conflict), store.writing() as tx:
            tx.run(HIRE, handle="system")
    with store.writing() as tx:
        tx.run(HIRE, handle="new")


def test_statements_that_differ_each_time_are_not_remembered_for_ever(sqlite_store: Store):
    with sqlite_store.looking() as tx:
        for number in range(MOST_REMEMBERED + 10):
            assert tx.row(f"SELECT {number} AS one").one == number
    assert len(transaction._NEW_ROWS) <= MOST_REMEMBERED


def test_parameters_are_distinguished_from_casts_and_literals(postgres_store: Store):
    with postgres_store.looking() as tx:
        row = tx.row("SELECT :one::int + 1 AS two, :word AS word", one=1, word="a:b %s 100%")
    assert (row.two, row.word) == (2, "a:b %s 100%")


@pytest.mark.parametrize("attempt", ["INSERT INTO lease VALUES ('n', 'o', 1, 1)", "DELETE FROM actor"])
def test_a_reading_session_changes_nothing(store: Store, attempt: str):
    before = handles(store)
    with pytest.raises(Exception, match=r"readonly|read-only"), store.reading() as session:
        session.connection().exec_driver_sql(attempt)
    assert handles(store) == before


def test_a_reading_session_sees_one_snapshot(store: Store):
    new_case(store)
    with store.reading() as session:
        first = len(session.exec(select(Case)).all())
        new_case(store)
        session.expire_all()
        assert len(session.exec(select(Case)).all()) == first == 1
    with store.reading() as session:
        assert len(session.exec(select(Case)).all()) == 2


def test_looking_sees_one_snapshot(store: Store):
    with store.looking() as tx:
        assert tx.rows("SELECT id FROM cases") == []
        new_case(store)
        assert tx.rows("SELECT id FROM cases") == []


def shorten_busy_timeout(store: Store) -> None:
    """Let the store's connection wait 20 milliseconds for a lock instead of five seconds."""
    with store.writing() as tx:
        tx.run("PRAGMA busy_timeout = 20")


def test_a_lock_that_is_held_too_long_is_refused_and_nothing_is_written(sqlite_store: Store):
    number = new_case(sqlite_store)
    shorten_busy_timeout(sqlite_store)
    other = sqlite3.connect(sqlite_store.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = refusal(lambda: make_move(sqlite_store, number, "classify"))
    other.execute("ROLLBACK")
    other.close()
    assert refused.code == "busy"
    assert query_rows(sqlite_store, "SELECT version FROM cases") == [{"version": 1}]
    assert make_move(sqlite_store, number, "classify").seq == 2


def test_a_reader_does_not_wait_for_a_writer(store: Store):
    new_case(store)
    with store.writing() as tx:
        tx.run("UPDATE cases SET owner = 'new'")
        assert query_rows(store, "SELECT owner FROM cases") == [{"owner": None}]


def kill_connections(store: Store) -> int:
    """End every connection to the database but the own one; return how many."""
    other = Store(store.url.render_as_string(hide_password=False), store.home, store.secret)
    with other.writing() as tx:
        ended = len(tx.rows(KILL))
    other.close()
    return ended


def test_a_connection_killed_while_idle_is_replaced(postgres_store: Store):
    number = new_case(postgres_store)
    assert kill_connections(postgres_store) >= 1
    assert make_move(postgres_store, number, "classify").seq == 2


def test_a_question_is_asked_again_where_the_connection_was_killed_while_idle(postgres_store: Store):
    number = new_case(postgres_store)
    assert kill_connections(postgres_store) >= 1
    assert postgres_store.ask(lambda tx: tx.row("SELECT number FROM cases")).number == number


def test_a_question_that_is_refused_is_asked_once(store: Store):
    asked: list[Tx] = []

    def question(tx: Tx) -> None:
        asked.append(tx)
        raise Refused("unknown_case", number="cp-26-000001")

    assert refusal(lambda: store.ask(question)).code == "unknown_case"
    assert len(asked) == 1
    assert store.ask(lambda tx: tx.rows("SELECT id FROM cases")) == [], "the connection is used again"


def test_many_connections_killed_while_idle_are_replaced(postgres_store: Store):
    number = new_case(postgres_store)
    with postgres_store.looking(), postgres_store.looking(), postgres_store.looking():
        pass
    assert kill_connections(postgres_store) >= 3
    assert make_move(postgres_store, number, "classify").seq == 2


def test_an_optimistic_statement_on_a_connection_killed_while_idle_can_be_retried(postgres_store: Store):
    with postgres_store.looking() as tx:
        tx.row("SELECT 1 AS one")
    kill_connections(postgres_store)
    with pytest.raises(Conflict), postgres_store.writing(optimistic=True) as tx:
        tx.rows("SELECT id FROM cases")
    with postgres_store.writing(optimistic=True) as tx:
        assert tx.rows("SELECT id FROM cases") == []


def test_a_reading_connection_killed_while_idle_is_replaced(postgres_store: Store):
    for _ in range(2):
        with postgres_store.reading() as session:
            assert session.exec(select(Case)).all() == []
        kill_connections(postgres_store)
    with postgres_store.reading() as session:
        assert session.exec(select(Case)).all() == []


def test_a_transaction_whose_connection_is_killed_is_refused_and_writes_nothing(postgres_store: Store):
    def interrupted(tx: Tx) -> None:
        tx.run(HIRE, handle="new")
        kill_connections(postgres_store)
        tx.run(HIRE, handle="newer")

    with pytest.raises(Refused) as caught, postgres_store.writing() as tx:
        interrupted(tx)
    assert caught.value.code == "database_away"
    assert not {"new", "newer"} & handles(postgres_store)


def test_a_missing_store_and_an_unreachable_database_are_refused(sqlite_store: Store):
    empty = Store("sqlite:////nowhere/at/all.db", sqlite_store.home, b"")
    assert refusal(empty.now).code == "no_store"
    away = Store("postgresql+psycopg://nobody@127.0.0.1:1/none", sqlite_store.home, b"")
    assert refusal(away.now).code == "database_away"


def test_the_time_of_a_simulated_store_is_read_from_its_row(store: Store):
    assert store.simulated
    assert store.now() == START
