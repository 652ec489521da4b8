"""Check what the schema promises of every row: values of their column's type, references to rows that exist."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, TypeDecorator

from engine.transaction import Tx
from engine.webhook_reactions import WEBHOOK
from models import whole_schema

OF_A_TRANSITION = ("delivery", "idempotency_key", "notice", "outbox_event")
"""Tables whose rows name a transition by its case and number; no reference of the schema says so."""
WITHOUT_TRANSITION = """
SELECT count(*) AS n FROM {table} r
 WHERE NOT EXISTS (SELECT 1 FROM transition t WHERE t.case_id = r.case_id AND t.seq = r.seq)
"""
OF_REMOVED = f"""
drop_reason IS NULL AND EXISTS (
  SELECT 1 FROM webhook w WHERE w.removed_at IS NOT NULL AND delivery.reaction = '{WEBHOOK}' || w.id)
"""
"""Deliveries to a subscription that was removed, which the journal of subscriptions records."""
UNFINISHED = f"""
SELECT count(*) AS n FROM delivery
 WHERE (status = 'done') <> (done_at IS NOT NULL) OR status NOT IN ('waiting', 'leased', 'done', 'dead')
    OR (status = 'leased') AND lease_owner IS NULL OR (status IN ('waiting', 'dead')) AND lease_owner IS NOT NULL
    OR (status = 'done') AND (lease_owner IS NULL) = (error IS NULL) OR (status = 'dead') AND error IS NULL
    OR (status <> 'waiting') AND tries < 1 OR tries < 0
    OR (drop_reason IS NOT NULL) <> (status = 'done' AND lease_owner IS NULL AND NOT ({OF_REMOVED}))
"""
"""Deliveries that ended otherwise than by their lease, or by a person who gave a dead one up."""
SHOWN = 20
"""How many rows of a table are named."""


def value_faults(tx: Tx) -> Iterator[str]:
    """Yield the faults of all tables, each with the table and the key of a row.

    Postgres holds these promises itself unless its owner turns them off; SQLite holds no types, and no references
    of a connection that does not ask for them.
    """
    for name, queries in _queries().items():
        if not tx.postgres:
            for row in tx.rows(queries.of_another_type):
                yield f"type_{name} {row.row_key}"
        for column, sql in queries.without_target.items():
            if tx.row(sql).n:
                yield f"stray_{name} {column}"
    for name in OF_A_TRANSITION:
        if tx.row(WITHOUT_TRANSITION.format(table=name)).n:
            yield f"stray_{name} seq"
    if tx.row(UNFINISHED).n:
        yield "delivery_end"


@dataclass(frozen=True, slots=True)
class _Queries:
    """The queries of one table: for rows of another type, and for references to rows that are not there."""

    of_another_type: str
    without_target: dict[str, str]


@cache
def _queries() -> dict[str, _Queries]:
    return {table.name: _Queries(_type_query(table), _target_queries(table)) for table in whole_schema().sorted_tables}


def _type_query(table: Table) -> str:
    wrong = " OR ".join(f"NOT ({_fits(column)})" for column in table.columns)
    shown = " || ' ' || ".join(f"quote({column.name})" for column in table.primary_key)
    return f"SELECT substr({shown}, 1, 80) AS row_key FROM {table.name} WHERE {wrong} LIMIT {SHOWN}"


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


def _target_queries(table: Table) -> dict[str, str]:
    """Return for each column that refers to another table the query that counts its references to no row."""
    references = {key.parent.name: key.column for key in table.foreign_keys}
    return {
        name: f"""
SELECT count(*) AS n FROM {table.name} t WHERE t.{name} IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM {there.table.name} r WHERE r.{there.name} = t.{name})
"""
        for name, there in sorted(references.items())
    }
