"""The store: all of a transaction or none of it, and refusals where the database cannot do it now."""

import sqlite3

import pytest
from sqlmodel import select

from engine.databases import Conflict
from engine.store import Store
from engine.transaction import Tx
from models import Actor, Case
from statemachines.lifecycle import Refused
from tests.case_actions import START, make_move, new_case, query_rows, refusal

HIRE = "INSERT INTO actor (handle, roles, locale) VALUES (:handle, 'agent', 'en')"
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def handles(store: Store) -> set[str]:
    return {row["handle"] for row in query_rows(store, "SELECT handle FROM actor")}


def test_a_body_that_raises_leaves_nothing(store: Store):
    def interrupted() -> None:
        with store.writing() as tx:
            tx.run(HIRE, handle="new")
            raise ZeroDivisionError

    before = handles(store)
    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert handles(store) == before


def test_what_was_written_is_there_for_everybody(store: Store):
    with store.writing() as tx:
        assert tx.run(HIRE, handle="new") == 1
    assert "new" in handles(store)
    with store.reading() as session:
        assert session.exec(select(Actor).where(Actor.handle == "new")).one().locale == "en"


def test_a_savepoint_undoes_its_own_and_no_more(store: Store):
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


def test_a_failed_statement_in_a_savepoint_spoils_nothing_else(store: Store):
    with store.writing() as tx:
        with pytest.raises(Exception, match=r"(?i)unique"), tx.savepoint():
            tx.run(HIRE, handle="system")
        tx.run(HIRE, handle="new")
    assert "new" in handles(store)


def test_a_key_taken_by_another_is_a_conflict(store: Store):
    with pytest.raises(Conflict), store.writing() as tx:
        tx.run(HIRE, handle="system")


def test_a_connection_is_used_again_after_a_failure(store: Store):
    for _ in range(30):
        with pytest.raises(Conflict), store.writing() as tx:
            tx.run(HIRE, handle="system")
    with store.writing() as tx:
        tx.run(HIRE, handle="new")


def test_names_in_the_sql_are_told_from_casts_and_words(postgres_store: Store):
    with postgres_store.looking() as tx:
        row = tx.row("SELECT :one::int + 1 AS two, :word AS word", one=1, word="a:b %s 100%")
    assert (row.two, row.word) == (2, "a:b %s 100%")


@pytest.mark.parametrize("attempt", ["INSERT INTO lease VALUES ('n', 'o', 1, 1)", "DELETE FROM actor"])
def test_a_reading_session_changes_nothing(store: Store, attempt: str):
    before = handles(store)
    with pytest.raises(Exception, match=r"readonly|read-only"), store.reading() as session:
        session.connection().exec_driver_sql(attempt)
    assert handles(store) == before


def test_a_reading_session_sees_one_moment(store: Store):
    new_case(store)
    with store.reading() as session:
        first = len(session.exec(select(Case)).all())
        new_case(store)
        session.expire_all()
        assert len(session.exec(select(Case)).all()) == first == 1
    with store.reading() as session:
        assert len(session.exec(select(Case)).all()) == 2


def test_looking_sees_one_moment(store: Store):
    with store.looking() as tx:
        assert tx.rows("SELECT id FROM cases") == []
        new_case(store)
        assert tx.rows("SELECT id FROM cases") == []


def impatient(store: Store) -> None:
    """The store's connection gives up at once where it would wait for seconds."""
    with store.writing() as tx:
        tx.run("PRAGMA busy_timeout = 20")


def test_a_lock_that_is_held_too_long_is_refused_and_nothing_is_written(sqlite_store: Store):
    number = new_case(sqlite_store)
    impatient(sqlite_store)
    other = sqlite3.connect(sqlite_store.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told = refusal(lambda: make_move(sqlite_store, number, "classify"))
    other.execute("ROLLBACK")
    other.close()
    assert told.code == "busy"
    assert query_rows(sqlite_store, "SELECT version FROM cases") == [{"version": 1}]
    assert make_move(sqlite_store, number, "classify").seq == 2


def test_a_reader_is_held_up_by_no_writer(store: Store):
    new_case(store)
    with store.writing() as tx:
        tx.run("UPDATE cases SET owner = 'new'")
        assert query_rows(store, "SELECT owner FROM cases") == [{"owner": None}]


def killed(store: Store) -> int:
    """An administrator ends every connection but his own."""
    other = Store(store.url.render_as_string(hide_password=False), store.home, store.secret)
    with other.writing() as tx:
        ended = len(tx.rows(KILL))
    other.close()
    return ended


def test_a_connection_that_was_killed_while_idle_is_not_missed(postgres_store: Store):
    number = new_case(postgres_store)
    assert killed(postgres_store) >= 1
    assert make_move(postgres_store, number, "classify").seq == 2


def test_many_that_were_killed_while_idle_are_not_missed(postgres_store: Store):
    number = new_case(postgres_store)
    with postgres_store.looking(), postgres_store.looking(), postgres_store.looking():
        pass
    assert killed(postgres_store) >= 3
    assert make_move(postgres_store, number, "classify").seq == 2


def test_a_lone_statement_whose_connection_died_while_idle_may_be_tried_again(postgres_store: Store):
    with postgres_store.looking() as tx:
        tx.row("SELECT 1 AS one")
    killed(postgres_store)
    with pytest.raises(Conflict), postgres_store.writing(optimistic=True) as tx:
        tx.rows("SELECT id FROM cases")
    with postgres_store.writing(optimistic=True) as tx:
        assert tx.rows("SELECT id FROM cases") == []


def test_a_reader_that_was_killed_while_idle_is_not_missed(postgres_store: Store):
    for _ in range(2):
        with postgres_store.reading() as session:
            assert session.exec(select(Case)).all() == []
        killed(postgres_store)
    with postgres_store.reading() as session:
        assert session.exec(select(Case)).all() == []


def test_one_killed_in_the_middle_is_refused_and_leaves_nothing(postgres_store: Store):
    def interrupted(tx: Tx) -> None:
        tx.run(HIRE, handle="new")
        killed(postgres_store)
        tx.run(HIRE, handle="newer")

    with pytest.raises(Refused) as caught, postgres_store.writing() as tx:
        interrupted(tx)
    assert caught.value.code == "database_away"
    assert not {"new", "newer"} & handles(postgres_store)


def test_a_store_that_is_not_there_is_refused(sqlite_store: Store):
    empty = Store("sqlite:////nowhere/at/all.db", sqlite_store.home, b"")
    assert refusal(empty.now).code == "no_store"
    away = Store("postgresql+psycopg://nobody@127.0.0.1:1/none", sqlite_store.home, b"")
    assert refusal(away.now).code == "database_away"


def test_the_time_of_a_simulated_store_stands_in_its_row(store: Store):
    assert store.simulated
    assert store.now() == START
