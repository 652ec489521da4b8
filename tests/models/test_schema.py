"""The schema: migrations say what the models say, and the database itself refuses what must happen once."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import select

import models
from engine.create_store import migrate
from engine.databases import Conflict
from engine.outbox.deliveries import lease
from engine.settings import Settings
from engine.store import Store
from models.column_types import Instant
from models.columns import from_micros, to_micros
from tests.case_actions import (
    HOUR,
    MICROSECOND,
    START,
    case_of,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)


def test_the_migrations_make_exactly_the_tables_of_the_models(settings: Settings):
    engine = create_engine(settings.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, models.whole_schema()) == []
    engine.dispose()


def test_every_table_is_told_by_the_room():
    assert {getattr(models, name).__table__.name for name in models.__all__} == set(models.whole_schema().tables)


def test_migrating_twice_changes_nothing(settings: Settings):
    migrate(settings.url)


def test_an_instant_without_a_zone_is_refused(store: Store):
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - the very thing that is refused
    with pytest.raises(ValueError, match="no time zone"):
        Instant().process_bind_param(datetime(2026, 3, 2), create_engine("sqlite://").dialect)  # noqa: DTZ001


def test_an_instant_comes_back_aware_and_in_utc(store: Store):
    shanghai = timezone(timedelta(hours=8))
    at = (START + MICROSECOND).astimezone(shanghai)
    new_case(store, MICROSECOND, at=at)
    with store.reading() as session:
        [case] = session.exec(select(models.Case)).all()
    assert case.opened_at == at
    assert case.opened_at.tzinfo is UTC


@pytest.mark.parametrize("micros", [-1, 0, 1, 2**53 + 1])
def test_an_instant_keeps_every_microsecond(micros: int):
    assert to_micros(from_micros(micros)) == micros


def copied(store: Store, table: str, **changed: Any) -> None:
    """Write a table's first row once more, with some columns changed."""
    row = query_rows(store, f"SELECT * FROM {table} ORDER BY 1, 2")[0] | changed
    names = ", ".join(row)
    execute_sql(store, f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)


@pytest.fixture
def full(store: Store) -> Store:
    """A store in which every table that knows a key holds a row."""
    number = new_case(store, key="the-key")
    make_move(store, number, "classify", after=2 * HOUR)
    lease(store, "me", lambda event: ["greet"], START + 2 * HOUR)
    new_resolved_case(store, 3 * HOUR)
    case = case_of(store, number)["id"]
    execute_sql(store, "INSERT INTO callback (case_id, cycle, attempt, planned_at) VALUES (:id, 1, 1, 5)", id=case)
    execute_sql(store, "INSERT INTO link (parent_id, child_id, relation, at) VALUES (:id, :id, 'other', 5)", id=case)
    execute_sql(
        store,
        "INSERT INTO rating (case_id, cycle, questionnaire, version, answered, at) VALUES (:id, 1, 'q', '1', 0, 5)",
        id=case,
    )
    execute_sql(
        store,
        "INSERT INTO arrival (source, row_id, part, kind, pack, at, digest)"
        " VALUES ('f', '1', 'contact', 'complaint', 'logistics', 5, 'd')",
    )
    return store


TWICE = {
    "a second move of the same sequence": ("transition", {"move": "other", "hash": "other"}),
    "a second rung in the same cycle": ("escalation_step", {"seq": 9, "percent": 99}),
    "a second clock of the same turn": ("timer", {"id": 999, "policy": "other"}),
    "a second arrival of the same key": ("arrival", {"digest": "other"}),
    "a second command of the same key": ("idempotency_key", {"request_hash": "other", "seq": 2}),
    "a second delivery for the same reaction": ("delivery", {"status": "done"}),
    "a second case of the same number": ("cases", {"id": 999}),
    "a second callback of the same attempt": ("callback", {"planned_at": 6}),
    "a second link of one relation": ("link", {"at": 6}),
    "a second rating of the same round": ("rating", {"score": 1}),
    "a second actor of the same handle": ("actor", {"id": 999}),
    "a second moment of the same transition": ("outbox_event", {}),
    "a second statement of the same field": ("statement", {"content": "other"}),
}


@pytest.mark.parametrize("what", TWICE)
def test_the_database_itself_refuses(what: str, full: Store):
    table, changed = TWICE[what]
    before = query_rows(full, f"SELECT * FROM {table}")
    assert before, f"{table} holds nothing"
    with pytest.raises(Conflict):
        copied(full, table, **changed)
    assert query_rows(full, f"SELECT * FROM {table}") == before


def test_what_belongs_to_no_case_is_refused(full: Store):
    with pytest.raises((Conflict, psycopg.errors.ForeignKeyViolation)):
        copied(full, "transition", case_id=999)
