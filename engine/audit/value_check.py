"""Check what the schema promises of every row: values of their column's type, references to rows that exist."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, TypeDecorator

from engine.transaction import Tx
from models import whole_schema

OF_A_TRANSITION = ("delivery", "idempotency_key", "notice", "outbox_event")
"""Tables whose rows name a transition by its case and number; no reference of the schema says so."""
WITHOUT_TRANSITION = """
SELECT count(*) AS n FROM {table} r
 WHERE NOT EXISTS (SELECT 1 FROM transition t WHERE t.case_id = r.case_id AND t.seq = r.seq)
"""
UNFINISHED = """
SELECT count(*) AS n FROM delivery
 WHERE (status = 'done') <> (done_at IS NOT NULL) OR status NOT IN ('waiting', 'leased', 'done', 'dead')
"""
SHOWN = 20
"""How many rows of a table are named."""


def value_faults(tx: Tx) -> Iterator[str]:
    """Yield the faults of all tables, each with the table and the key of a row.

    Postgres holds these promises itself unless its owner turns them off; SQLite holds no types, and no references
    of a connection that does not ask for them.
    """
    for table in whole_schema().sorted_tables:
        if not tx.postgres:
            yield from _type_faults(tx, table)
        yield from _reference_faults(tx, table)
    for name in OF_A_TRANSITION:
        if tx.row(WITHOUT_TRANSITION.format(table=name)).n:
            yield f"stray_{name} seq"
    if tx.row(UNFINISHED).n:
        yield "delivery_end"


def _type_faults(tx: Tx, table: Table) -> Iterator[str]:
    keys = [column.name for column in table.primary_key]
    wrong = " OR ".join(f"NOT ({_fits(column)})" for column in table.columns)
    shown = " || ' ' || ".join(f"quote({name})" for name in keys)
    for row in tx.rows(f"SELECT substr({shown}, 1, 80) AS row_key FROM {table.name} WHERE {wrong} LIMIT {SHOWN}"):
        yield f"type_{table.name} {row.row_key}"


def _fits(column: Column[Any]) -> str:
    """Return the condition that a value is of the column's type."""
    name = column.name
    sort = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(sort, Boolean):
        fits = f"{name} IN (0, 1)"
    elif isinstance(sort, Integer):
        fits = f"typeof({name}) = 'integer'"
    elif isinstance(sort, LargeBinary):
        fits = f"typeof({name}) = 'blob'"
    else:
        fits = f"typeof({name}) = 'text' AND instr(CAST({name} AS BLOB), x'00') = 0"
    return f"{name} IS NULL OR {fits}" if column.nullable else f"{name} IS NOT NULL AND {fits}"


def _reference_faults(tx: Tx, table: Table) -> Iterator[str]:
    references = {key.parent.name: key.column for key in table.foreign_keys}
    for name, there in sorted(references.items()):
        sql = f"""
SELECT count(*) AS n FROM {table.name} t WHERE t.{name} IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM {there.table.name} r WHERE r.{there.name} = t.{name})
"""
        if tx.row(sql).n:
            yield f"stray_{table.name} {name}"
