"""Tamper with every table and column of the schema: each change is found by ``verify``, or stands in its list."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import Boolean, Integer, LargeBinary, TypeDecorator

from engine.audit.uncovered import UNCOVERED, WHOLE_ROWS
from engine.audit.verify import verify
from engine.databases import Conflict
from engine.ledger.anchoring import anchor
from engine.store import Store
from tests.attack.tampered_store import Scene, tables, tamperings
from tests.case_actions import DAY, START, execute_sql, new_resolved_case, query_rows

pytestmark = [pytest.mark.long, pytest.mark.requirement("B5")]

LISTED = {f"{table}.{what}" for table, entry in UNCOVERED.items() for what in (*entry.columns, *entry.rows)}
PARTLY = {f"{table}.{what}" for table, entry in UNCOVERED.items() for what in entry.partly}


def test_each_change_is_found_or_listed(tmp_path_factory: pytest.TempPathFactory, full: bool):
    scene = Scene.built(tmp_path_factory.mktemp("tampered"))
    found: dict[str, list[bool]] = {}
    for tampering in tamperings(rows=5 if full else 1):
        faults = scene.faults_after(tampering)
        if faults is not None:
            found.setdefault(tampering.name, []).append(bool(faults))
    assert len(found) > 300
    missed = {name for name, results in found.items() if not all(results)}
    assert sorted(missed - LISTED) == [], "neither found nor listed"
    always_found = {name for name in found if name in LISTED and all(found[name])}
    assert sorted(always_found - PARTLY) == [], "listed, and found all the same"


def test_the_list_names_what_there_is():
    names = {tampering.name for tampering in tamperings(rows=1)}
    assert names >= LISTED
    for entry in UNCOVERED.values():
        assert entry.why
        assert set(entry.rows) <= set(WHOLE_ROWS)
        assert entry.partly <= {*entry.columns, *entry.rows}


@pytest.mark.postgres
def test_each_changed_column_is_found_or_listed_on_postgres(postgres_store: Store):
    """One row of each table that has any; what a reference of the schema forbids cannot be changed."""
    for _ in range(2):
        new_resolved_case(postgres_store, customer="Li", phone="13800138000", subject="Broken")
    assert anchor(postgres_store, START + DAY) is not None
    missed: list[str] = []
    changed = 0
    for table in tables():
        keys = [column.name for column in table.primary_key]
        rows = query_rows(postgres_store, f"SELECT * FROM {table.name} ORDER BY {', '.join(keys)} LIMIT 1")
        for column in table.columns if rows else ():
            where = " AND ".join(f"{name} = :{name}" for name in keys if name != column.name)
            place = f"{where or 'TRUE'} AND {column.name} IS NOT DISTINCT FROM :old"
            sql = f"UPDATE {table.name} SET {column.name} = :new WHERE {place}"
            values = {name: rows[0][name] for name in keys if name != column.name}
            old = rows[0][column.name]
            new = other_value(column, old)
            try:
                if execute_sql(postgres_store, sql, new=new, old=old, **values) != 1:
                    continue
            except (Conflict, psycopg.errors.ForeignKeyViolation):
                continue
            changed += 1
            if verify(postgres_store).ok:
                missed.append(f"{table.name}.{column.name}")
            assert execute_sql(postgres_store, sql, new=old, old=new, **values) == 1
    assert changed > 80
    assert sorted(set(missed) - LISTED) == []
    assert verify(postgres_store).ok


def other_value(column: Any, value: Any) -> Any:
    """Return another value of the column's type."""
    sort = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(sort, Boolean):
        return not value
    if isinstance(sort, Integer):
        return (value or 0) + 1
    return bytes(32) if isinstance(sort, LargeBinary) else f"{value or ''}x"
