"""Writes kept back: made together, in time for whoever reads, and undone together."""

import pytest

from engine.databases import Conflict
from engine.store import Store
from engine.write_buffer import FEW

PEOPLE = "INSERT INTO actor (handle, roles, locale) VALUES (:handle, :roles, :locale)"
RENAME = "UPDATE actor SET roles = :roles WHERE actor.id = :id AND actor.locale = :locale"
WHO = "SELECT id, handle, roles FROM actor WHERE handle BETWEEN 'p' AND 'q' ORDER BY handle"


def people(store: Store) -> dict[str, str]:
    with store.looking() as tx:
        return {row.handle: row.roles for row in tx.rows(WHO)}


def seeded(store: Store, many: int) -> list[int]:
    """So many people, all of one role; their keys."""
    with store.writing() as tx:
        for n in range(many):
            tx.put(PEOPLE, handle=f"p{n:03d}", roles="handler", locale="en")
    with store.looking() as tx:
        return [row.id for row in tx.rows(WHO)]


@pytest.mark.parametrize("many", [1, FEW, FEW + 1, 300])
def test_one_and_many_are_written_alike(store: Store, many: int):
    keys = seeded(store, many)
    with store.writing() as tx:
        for key in keys:
            tx.put(RENAME, id=key, roles="auditor", locale="en")
    assert people(store) == {f"p{n:03d}": "auditor" for n in range(many)}


def test_whoever_reads_finds_what_was_put_before(store: Store):
    with store.writing() as tx:
        tx.put(PEOPLE, handle="p1", roles="handler", locale="en")
        [row] = tx.rows(WHO)
        assert row.roles == "handler"


def test_a_row_that_is_changed_twice_ends_as_it_was_changed_last(store: Store):
    [key] = seeded(store, 1)
    with store.writing() as tx:
        tx.put(RENAME, id=key, roles="auditor", locale="en")
        tx.put(RENAME, id=key, roles="general_manager", locale="en")
    assert people(store) == {"p000": "general_manager"}


@pytest.mark.parametrize("many", [1, FEW + 1])
def test_a_row_that_is_not_as_it_was_is_a_conflict_and_nothing_is_written(store: Store, many: int):
    keys = seeded(store, many)
    with pytest.raises(Conflict), store.writing() as tx:  # noqa: PT012 (the end of the block raises)
        tx.put(PEOPLE, handle="p_new", roles="handler", locale="en")
        for key in keys:
            tx.put(RENAME, id=key, roles="auditor", locale="en" if key != keys[-1] else "zh_TW")
    assert people(store) == {f"p{n:03d}": "handler" for n in range(many)}


def test_what_is_undone_was_never_sent(store: Store):
    with store.writing() as tx:
        tx.put(PEOPLE, handle="p1", roles="handler", locale="en")
        with pytest.raises(ZeroDivisionError), tx.savepoint():  # noqa: PT012 (undone at the end)
            tx.put(PEOPLE, handle="p2", roles="handler", locale="en")
            raise ZeroDivisionError
        with tx.savepoint():
            tx.put(PEOPLE, handle="p3", roles="handler", locale="en")
    assert list(people(store)) == ["p1", "p3"]


def test_what_was_read_within_a_savepoint_is_undone_with_it_and_what_was_before_is_not(store: Store):
    with store.writing() as tx:
        tx.put(PEOPLE, handle="p1", roles="handler", locale="en")
        with tx.savepoint():
            tx.put(PEOPLE, handle="p2", roles="handler", locale="en")
            with pytest.raises(ZeroDivisionError), tx.savepoint():  # noqa: PT012 (undone at the end)
                tx.put(PEOPLE, handle="p3", roles="handler", locale="en")
                assert len(tx.rows(WHO)) == 3
                tx.put(PEOPLE, handle="p4", roles="handler", locale="en")
                raise ZeroDivisionError
            tx.put(PEOPLE, handle="p5", roles="handler", locale="en")
    assert list(people(store)) == ["p1", "p2", "p5"]


def test_what_was_undone_can_be_put_again(store: Store):
    [key] = seeded(store, 1)
    with store.writing() as tx:
        with pytest.raises(ZeroDivisionError), tx.savepoint():  # noqa: PT012 (undone at the end)
            tx.put(RENAME, id=key, roles="auditor", locale="en")
            raise ZeroDivisionError
        tx.put(RENAME, id=key, roles="general_manager", locale="en")
    assert people(store) == {"p000": "general_manager"}


@pytest.mark.parametrize("put", [True, False])
def test_who_reads_in_a_savepoint_may_have_put_nothing_in_it(store: Store, put: bool):
    [key] = seeded(store, 1)
    with store.writing() as tx:
        if put:
            tx.put(RENAME, id=key, roles="auditor", locale="en")
        with tx.savepoint():
            assert len(tx.rows(WHO)) == 1
            tx.put(RENAME, id=key, roles="general_manager", locale="en")
    assert people(store) == {"p000": "general_manager"}


def test_a_hopeful_transaction_that_writes_twice_is_one_all_the_same(store: Store):
    [key] = seeded(store, 1)
    with pytest.raises(ZeroDivisionError), store.writing(optimistic=True) as tx:  # noqa: PT012 (undone at the end)
        tx.put(RENAME, id=key, roles="auditor", locale="en")
        assert tx.rows(WHO)[0].roles == "auditor"
        raise ZeroDivisionError
    assert people(store) == {"p000": "handler"}


def test_a_hopeful_one_whose_connection_died_while_idle_may_be_tried_again(postgres_store: Store):
    with postgres_store.looking() as tx:
        pid = tx.row("SELECT pg_backend_pid() AS pid").pid
    other = Store(postgres_store.url.render_as_string(hide_password=False), postgres_store.home, postgres_store.secret)
    with other.writing() as tx:
        tx.row(f"SELECT pg_terminate_backend({pid})")
    other.close()
    with pytest.raises(Conflict), postgres_store.writing(optimistic=True) as tx:
        tx.rows(WHO)
    assert people(postgres_store) == {}
