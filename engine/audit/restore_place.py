"""The place into which a backup is restored: refused if it holds rows, cleared of what an empty store left there."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL

from engine.actors import IMPORT, SYSTEM
from engine.audit.backup import listed, tables
from engine.databases import open_postgres
from engine.store import Store
from statemachines.refused import Refused

if TYPE_CHECKING:
    import psycopg

FOUNDED = frozenset({"store_info", "lease", "run", "lifecycle_version", "department", "category", "journal"})
"""What a store that was just made may hold, besides the two actors that are no people and anchors over no case."""
ANY = "SELECT 1 FROM {table} LIMIT 1"
PEOPLE = f"SELECT 1 FROM actor WHERE handle NOT IN ('{SYSTEM}', '{IMPORT}') LIMIT 1"
ANCHORED = "SELECT 1 FROM anchor WHERE cases > 0 LIMIT 1"
THERE = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
DROP = SQL("DROP TABLE IF EXISTS {tables} CASCADE")
FUNCTIONS = """
SELECT DISTINCT p.oid::regprocedure::text FROM pg_trigger g
  JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_class c ON c.oid = g.tgrelid
 WHERE NOT g.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND p.pronamespace = c.relnamespace
   AND c.relname = ANY(%s)
"""


def refuse_full(store: Store) -> None:
    """Raise ``Refused('not_empty')`` for a store that holds rows already."""
    if store.postgres:
        with open_postgres(store.url) as raw:
            refuse_rows(store, {row[0] for row in raw.execute(THERE)}, lambda sql: raw.execute(sql).fetchone())
    elif store.file.exists() and store.file.stat().st_size:
        with contextlib.closing(sqlite3.connect(store.file)) as raw:
            known = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            refuse_rows(store, known, lambda sql: raw.execute(sql).fetchone())


def refuse_rows(store: Store, known: set[str], first: Callable[[Any], Any]) -> None:
    """Refuse if a known table holds rows; ``first`` returns the first row of a query, or None."""
    special = {"actor": PEOPLE, "anchor": ANCHORED}
    queries = {table.name: special.get(table.name, ANY.format(table=table.name)) for table in tables()}
    filled = [name for name, sql in queries.items() if name in known - FOUNDED and first(sql) is not None]
    if filled:
        raise Refused("not_empty", home=str(store.home), tables=sorted(filled))


def leave_one_file(file: Path) -> None:
    """Write the WAL of an empty store into its file: left beside, it would be applied to the restored one."""
    if file.exists() and file.stat().st_size:
        with contextlib.closing(sqlite3.connect(file)) as raw:
            raw.execute("PRAGMA journal_mode=DELETE")


def drop_schema(raw: "psycopg.Connection[Any]") -> None:
    """Drop our tables, which are empty, and the functions of their triggers: they may be those of another release."""
    known = {row[0] for row in raw.execute(THERE)}
    ours = sorted(known & {"alembic_version", *(table.name for table in tables())})
    if not ours:
        return
    functions = [row[0] for row in raw.execute(FUNCTIONS, (ours,)).fetchall()]
    raw.execute(DROP.format(tables=listed(ours)))
    for function in functions:
        raw.execute(SQL("DROP FUNCTION {}").format(SQL(function)))
