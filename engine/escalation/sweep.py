"""Sweeps everything that is due: chunks of a thousand cases in the order of their keys, a transaction for each.

Note [Sweep]: what is due is cut once into chunks of case ids, in the order of the keys, because that is how the tables
lie. Each chunk is a transaction of its own, which asks again what its cases still owe: so a sweep may be killed between
any two chunks, or run twice at once, and nothing is lost or doubled. See ADR 18 and ADR 26.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from engine.contention import retrying
from engine.escalation.fire import LAST, Sweep, fire_ids
from engine.store import Store
from models.columns import to_micros

CHUNK = 1_000
"""Cases fired in one transaction: it locks them, and on SQLite every writer, for some tenths of a second."""

CHUNKS = """
SELECT min(case_id) AS low, max(case_id) AS high, count(*) AS cases, {ids} AS ids FROM (
  SELECT case_id, (row_number() OVER (ORDER BY case_id) - 1) / :size AS chunk FROM (
    SELECT DISTINCT case_id FROM timer WHERE fires_at <= :at AND +case_id BETWEEN :low AND :high
  ) AS due
) AS cut GROUP BY chunk ORDER BY chunk
"""
IDS = {True: "array_agg(case_id)", False: "json_group_array(case_id)"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Cases with something due, in the order of their keys."""

    low: int
    high: int
    cases: int
    ids: list[int]


def chunks(store: Store, at: datetime, low: int = 0, high: int = LAST, size: int = CHUNK) -> list[Chunk]:
    """Return everything due at ``at`` among the cases of a range of ids, both ends included, cut into chunks."""
    with store.looking() as tx:
        sql = CHUNKS.format(ids=IDS[tx.postgres])
        rows = tx.rows(sql, at=to_micros(at), low=low, high=high, size=size)
    return [Chunk(row.low, row.high, row.cases, _ids(row.ids)) for row in rows]


def _ids(ids: Any) -> list[int]:
    return orjson.loads(ids) if isinstance(ids, str) else ids


def fire_chunk(store: Store, chunk: Chunk, at: datetime, tell: bool = True, strict: bool = False) -> Sweep:
    """Fire what the cases of a chunk owe at ``at``. What fails is parked; cases that others hold are left alone.

    Unless ``tell``, the steps are counted and not named. For ``strict`` see ``plan_until``.
    """
    return retrying(lambda: fire_ids(store, chunk.ids, to_micros(at), tell, strict))
