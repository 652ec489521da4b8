"""A changed default, or condition of a partial index, is found, though no table or column is another."""

import sqlite3
from contextlib import closing

import pytest

from engine.audit.verify import verify
from engine.store import Store
from tests.case_actions import execute_sql

pytestmark = [pytest.mark.requirement("B5"), pytest.mark.any_database]


def codes(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


@pytest.mark.parametrize(
    ("index", "condition"),
    [
        ("ix_timer_due ON timer (fires_at, id, case_id)", "fires_at IS NOT NULL AND level < 3"),
        ("ix_timer_due ON timer (fires_at, id, case_id)", ""),
        ("ix_delivery_next ON delivery (next_at, case_id)", "status IN ('waiting', 'dead')"),
        ("ix_cases_party ON cases (party_id)", "party_id > 7"),
    ],
)
def test_an_index_under_another_condition_is_found(store: Store, index: str, condition: str):
    """Work that the index leaves out might never be found again."""
    name, _, _ = index.partition(" ")
    execute_sql(store, f"DROP INDEX {name}")
    execute_sql(store, f"CREATE INDEX {index}{f' WHERE {condition}' if condition else ''}")
    assert f"schema condition {name}" in codes(store)


@pytest.mark.parametrize("fields", [None, ("cause", "degree"), ("responsible", "cause")])
def test_an_index_over_other_fields_of_a_form_is_found(store: Store, fields: tuple[str, str] | None):
    """Alembic compares none on SQLite; without it each recurrence would be a pass over the record."""
    field = "(form::json ->> '{}')" if store.postgres else "json_extract(form, '$.{}')"
    execute_sql(store, "DROP INDEX ix_transition_determined")
    if fields:
        columns = ", ".join((*(field.format(name) for name in fields), "occurred_at", "case_id", "seq"))
        on = f"transition ({columns}) WHERE move = 'determine_responsibility'"
        execute_sql(store, f"CREATE INDEX ix_transition_determined ON {on}")
    assert any(code.startswith("schema ") and code.endswith("ix_transition_determined") for code in codes(store))


def test_an_index_over_a_field_that_no_model_has_is_found_on_sqlite(sqlite_store: Store):
    execute_sql(sqlite_store, "CREATE INDEX ix_other ON transition (json_extract(form, '$.cause'))")
    assert "schema index ix_other" in codes(sqlite_store)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("column", "default"),
    [
        ("anchor.published", "false"),
        ("timer.extended", "3600000000"),
        ("cases.level", "3"),
        ("callback.outcome", "'x'"),
    ],
)
def test_a_default_that_was_changed_is_found_on_postgres(postgres_store: Store, column: str, default: str):
    table, name = column.split(".")
    execute_sql(postgres_store, f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default}")
    assert f"schema default {column}" in codes(postgres_store)


@pytest.mark.parametrize(
    ("sql", "default"), [("DEFAULT '0'", "DEFAULT '3600000000'"), ("level INTEGER", "level INTEGER DEFAULT 3")]
)
def test_a_default_that_was_changed_is_found_on_sqlite(sqlite_store: Store, sql: str, default: str):
    """Whoever can write the file can write the schema, too."""
    file = sqlite_store.file
    sqlite_store.close()
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'timer'", (sql, default))
        raw.commit()
    assert any(code.startswith("schema default timer.") for code in codes(sqlite_store))
