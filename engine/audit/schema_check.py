"""Check the schema: tables, columns, defaults, indexes and triggers are those that the migrations make."""

import re
import warnings
from collections.abc import Iterator
from typing import Any, cast

from engine.audit.definition_check import definition_faults
from engine.store import Store
from engine.transaction import Tx

SQLITE_OBJECTS = "SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_master ORDER BY type, name"
POSTGRES_OBJECTS = """
SELECT 'trigger' AS type, t.tgname AS name, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text AS sql
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() AND NOT t.tgisinternal
UNION ALL SELECT 'function', p.proname, p.prosrc || ' ' || p.prosecdef::text FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()
UNION ALL SELECT 'disabled', c.relname || ' ' || t.tgname, t.tgenabled::text FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() AND t.tgisinternal AND t.tgenabled <> 'O'
UNION ALL SELECT 'rule', r.tablename || ' ' || r.rulename, r.definition FROM pg_rules r
 WHERE r.schemaname = current_schema()
UNION ALL SELECT 'view', v.viewname, v.definition FROM pg_views v WHERE v.schemaname = current_schema()
UNION ALL SELECT 'constraint', k.conname, pg_get_constraintdef(k.oid) || ' ' || k.convalidated::text
  FROM pg_constraint k
  JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = current_schema()
UNION ALL SELECT 'index', i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema()
UNION ALL SELECT 'column', c.table_name || '.' || c.column_name,
  c.data_type || ' ' || c.is_nullable || ' ' || coalesce(c.column_default, '')
  FROM information_schema.columns c WHERE c.table_schema = current_schema()
ORDER BY 1, 2
"""
ERASES_FINGERPRINTS = """
  WHEN NEW.content IS NULL AND NEW.seq = 1 AND NEW.field = 'text'
BEGIN DELETE FROM fingerprint WHERE case_id = NEW.case_id; END
"""
SQLITE_PROGRAMS = {
    ("trigger", "erase_fingerprint"): (
        "CREATE TRIGGER erase_fingerprint AFTER UPDATE OF content ON statement" + ERASES_FINGERPRINTS
    )
}
POSTGRES_PROGRAMS = {
    ("trigger", "erase_fingerprint"): (
        "CREATE TRIGGER erase_fingerprint AFTER UPDATE OF content ON statement FOR EACH ROW"
        " WHEN new.content IS NULL AND new.seq = 1 AND new.field = 'text' EXECUTE FUNCTION erase_fingerprint O"
    ),
    ("function", "erase_fingerprint"): (
        " BEGIN DELETE FROM fingerprint WHERE case_id = NEW.case_id; RETURN NULL; END  false"
    ),
}
PROGRAMS = frozenset({"trigger", "function", "disabled", "rule", "view"})
"""Objects of the database that run, or answer, in place of what was written."""

NOT_COMPARED = ".*expression-based index"
"""What SQLAlchemy and Alembic warn of on SQLite: they leave out an index that ``definition_check`` compares."""

SCHEMAS = 8
"""How many schemas a process remembers: those of a store, of its backup and of a restored one may take turns."""

Objects = tuple[tuple[str, str, str], ...]


def schema_faults(store: Store, tx: Tx) -> Iterator[str]:
    """Yield what the migrations did not make so: an object that is missing, extra or different."""
    objects = tuple(tuple(row) for row in tx.rows(POSTGRES_OBJECTS if tx.postgres else SQLITE_OBJECTS))
    squeezed = _without_decoration if tx.postgres else _squeezed
    programs = {(kind, name): squeezed(sql) for kind, name, sql in objects if kind in PROGRAMS}
    expected = {key: squeezed(sql) for key, sql in (POSTGRES_PROGRAMS if tx.postgres else SQLITE_PROGRAMS).items()}
    for kind, name in sorted(programs.keys() | expected.keys()):
        if programs.get((kind, name)) != expected.get((kind, name)):
            yield f"schema {kind} {name}"
    yield from _differences(store, tx, objects)


def _differences(store: Store, tx: Tx, objects: Objects) -> tuple[str, ...]:
    """Compare tables, columns and indexes with those of the models; the same schema is compared once in a process."""
    if objects not in _compared:
        if len(_compared) == SCHEMAS:
            del _compared[next(iter(_compared))]
        _compared[objects] = (*_compare(store), *definition_faults(tx))
    return _compared[objects]


_compared: dict[Objects, tuple[str, ...]] = {}
"""The schemas that were compared last, each with its differences."""


def _compare(store: Store) -> tuple[str, ...]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from models import whole_schema

    engine = create_engine(store.url)
    try:
        with engine.connect() as connection, warnings.catch_warnings():
            warnings.filterwarnings("ignore", NOT_COMPARED)
            found = compare_metadata(MigrationContext.configure(connection), whole_schema())
    finally:
        engine.dispose()
    return tuple(sorted({f"schema {_named(change)}" for change in found}))


def _named(change: Any) -> str:
    """Return what a difference concerns: its kind, and table, column or index."""
    first = cast("list[Any]", change)[0] if isinstance(change, list) else change  # several changes of one column
    kind, *about = cast("tuple[Any, ...]", first)
    names = [str(getattr(each, "name", each)) for each in about if isinstance(each, str) or hasattr(each, "name")]
    return " ".join([kind, *names])


def _squeezed(sql: str) -> str:
    """Return a statement with single blanks."""
    return " ".join(sql.split())


def _without_decoration(sql: str) -> str:
    """Return a statement without what Postgres adds when it prints one: schema, casts, brackets."""
    return _squeezed(re.sub(r"::text\b|[()]|\bpublic\.", "", sql))
