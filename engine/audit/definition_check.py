"""Compare with the models what Alembic does not: defaults of columns, conditions of partial indexes, on SQLite the
indexes over expressions.
"""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, DefaultClause, Index
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex

from engine.transaction import Tx
from models import whole_schema

SQLITE_DEFAULTS = """
SELECT m.name || '.' || c.name AS name, c.dflt_value AS text FROM sqlite_master m, pragma_table_info(m.name) c
 WHERE m.type = 'table'
"""
POSTGRES_DEFAULTS = """
SELECT table_name || '.' || column_name AS name, column_default AS text FROM information_schema.columns
 WHERE table_schema = current_schema()
"""
SQLITE_CONDITIONS = "SELECT name, sql AS text FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
POSTGRES_CONDITIONS = """
SELECT c.relname AS name, 'WHERE ' || pg_get_expr(i.indpred, i.indrelid) AS text FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace
"""
SQLITE_EXPRESSIONS = """
SELECT m.name, m.sql AS text FROM sqlite_master m
 WHERE m.type = 'index' AND EXISTS (SELECT 1 FROM pragma_index_info(m.name) i WHERE i.name IS NULL)
"""
NUMBERED = "nextval"
"""The default of a key that Postgres counts."""
TRUTHS = {"true": "1", "false": "0"}


def definition_faults(tx: Tx) -> Iterator[str]:
    """Yield the columns and indexes whose default, condition or expression is not that of the models."""
    expected, defaults = whole_schema().sorted_tables, _texts(tx, POSTGRES_DEFAULTS if tx.postgres else SQLITE_DEFAULTS)
    conditions = _texts(tx, POSTGRES_CONDITIONS if tx.postgres else SQLITE_CONDITIONS)
    for table in expected:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name in defaults and _default(defaults[name]) not in _expected_defaults(column):
                yield f"schema default {name}"
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if index.name in conditions and _condition(conditions[index.name]) != _expected_condition(tx, index):
                yield f"schema condition {index.name}"
    if not tx.postgres:
        yield from _expression_faults(tx)


def _expression_faults(tx: Tx) -> Iterator[str]:
    """Yield the indexes over expressions that are missing, extra or different on SQLite."""
    indexes = (index for table in whole_schema().sorted_tables for index in table.indexes)
    made = (index for index in indexes if not all(isinstance(each, Column) for each in index.expressions))
    expected = {str(index.name): str(CreateIndex(index).compile(dialect=sqlite.dialect())) for index in made}
    found = _texts(tx, SQLITE_EXPRESSIONS)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name, "").split() != expected.get(name, "").split():
            yield f"schema index {name}"


def _texts(tx: Tx, sql: str) -> dict[str, str]:
    return {row.name: row.text or "" for row in tx.rows(sql)}


def _default(text: str) -> str:
    """Return a default without casts and quotes, a truth value as a number."""
    if text.startswith(NUMBERED):
        return text
    plain = re.sub(r"::[a-z ]+$", "", text.strip("()")).strip("'")
    return TRUTHS.get(plain, plain)


def _expected_defaults(column: Column[Any]) -> set[str]:
    """Return the default of a column; a key that is a number may be counted by its own sequence."""
    if isinstance(column.server_default, DefaultClause):
        return {_default(str(column.server_default.arg))}
    counted = {f"{NUMBERED}('{column.table.name}_{column.name}_seq'::regclass)"}
    return {"", *(counted if column.primary_key else ())}


def _condition(text: str) -> str:
    """Return the condition of an index without brackets and casts; empty for an index over all rows."""
    condition = re.split(r"\bWHERE\b", text, maxsplit=1)[1:]
    plain = re.sub(r"::(text|character varying)(\[\])?|[()\[\]]", "", " ".join(condition))
    return " ".join(plain.replace("= ANY ARRAY", "IN ").split())


def _expected_condition(tx: Tx, index: Index) -> str:
    options = index.dialect_options["postgresql" if tx.postgres else "sqlite"]
    return "" if options["where"] is None else _condition(f"WHERE {options['where']}")
