"""The schema: migrations make the tables of the models, and the database itself refuses a second row of one key."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import select

import models
from engine.audit.schema_check import NOT_COMPARED
from engine.databases import Conflict
from engine.outbox.deliveries import lease
from engine.schema import migrate
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


@pytest.mark.filterwarnings(f"ignore:{NOT_COMPARED}")
def test_the_migrations_make_exactly_the_tables_of_the_models(settings: Settings):
    engine = create_engine(settings.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, models.whole_schema()) == []
    engine.dispose()


def test_the_package_exports_every_table():
    assert {getattr(models, name).__table__.name for name in models.__all__} == set(models.whole_schema().tables)


def test_migrating_twice_changes_nothing(settings: Settings):
    migrate(settings.url)


def test_an_instant_without_a_zone_is_refused(store: Store):
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - the value under test
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


def copy_first_row(store: Store, table: str, **changed: Any) -> None:
    """Insert a copy of a table's first row, with some columns changed."""
    row = query_rows(store, f"SELECT * FROM {table} ORDER BY 1, 2")[0] | changed
    names = ", ".join(row)
    execute_sql(store, f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)


@pytest.fixture
def store_with_rows(store: Store) -> Store:
    """A store with a row in every table that has a key."""
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
    "a second step of the same cycle": ("escalation_step", {"seq": 9, "percent": 99}),
    "a second timer of the same occurrence": ("timer", {"id": 999, "policy": "other"}),
    "a second arrival of the same key": ("arrival", {"digest": "other"}),
    "a second command of the same key": ("idempotency_key", {"request_hash": "other", "seq": 2}),
    "a second delivery for the same reaction": ("delivery", {"status": "done"}),
    "a second case of the same number": ("cases", {"id": 999}),
    "a second callback of the same attempt": ("callback", {"planned_at": 6}),
    "a second link of one relation": ("link", {"at": 6}),
    "a second rating of the same cycle": ("rating", {"score": 1}),
    "a second actor of the same handle": ("actor", {"id": 999}),
    "a second outbox event of the same transition": ("outbox_event", {}),
    "a second statement of the same field": ("statement", {"content": "other"}),
}


@pytest.mark.parametrize("name", TWICE)
def test_the_database_itself_refuses(name: str, store_with_rows: Store):
    table, changed = TWICE[name]
    before = query_rows(store_with_rows, f"SELECT * FROM {table}")
    assert before, f"{table} holds nothing"
    with pytest.raises(Conflict):
        copy_first_row(store_with_rows, table, **changed)
    assert query_rows(store_with_rows, f"SELECT * FROM {table}") == before


def test_a_row_without_a_case_is_refused(store_with_rows: Store):
    with pytest.raises((Conflict, psycopg.errors.ForeignKeyViolation)):
        copy_first_row(store_with_rows, "transition", case_id=999)
