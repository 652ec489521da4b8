"""Fires rungs by the thousand: a chunk of cases in the order of their keys, in one transaction.

Note [By the thousand]: what is due is cut once into chunks of case ids, in the order of their keys, because that is how
the tables lie. Each chunk is a transaction of its own, which asks again what its cases still owe: so a sweep may be
killed between any two chunks, or run twice at once, and nothing is lost or doubled. Within a chunk the usual cases
(Note [Usual cases]) are reckoned together, and all others fired one by one, as ``fire_due`` does; both leave the same
rows. See ADR 18.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import orjson

from engine.commands.advance import retrying
from engine.databases import Conflict
from engine.escalation.fire import FREE, LAST, NOTHING, Sweep, fire_each
from engine.escalation.sweep_plan import Due, Ways, at_home
from engine.escalation.sweep_rows import Rows
from engine.ledger.low_water_mark import floor
from engine.store import Store
from engine.timers import parking
from engine.transaction import Tx
from models.columns import to_micros

CHUNK = 1_000
"""Cases fired in one transaction: it holds them, and SQLite's only pen, for some tenths of a second."""

CHUNKS = """
SELECT min(case_id) AS low, max(case_id) AS high, count(*) AS cases, {ids} AS ids FROM (
  SELECT case_id, (row_number() OVER (ORDER BY case_id) - 1) / :size AS chunk FROM (
    SELECT DISTINCT case_id FROM timer WHERE fires_at <= :at AND +case_id BETWEEN :low AND :high
  ) AS due
) AS cut GROUP BY chunk ORDER BY chunk
"""
IDS = {True: "CAST(array_agg(case_id) AS text)", False: "json_group_array(case_id)"}
AMONG = {True: "= ANY(CAST(:ids AS bigint[]))", False: "IN (SELECT value FROM json_each(:ids))"}
HOLD = f"""
SELECT CAST(array_agg(id) AS text) AS ids FROM (
  SELECT id FROM cases WHERE id {AMONG[True]} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
) AS held
"""
# The clocks that are due, and others that the case's next move would close because its table has changed since.
READ = """
SELECT c.id AS case_id, c.number, c.kind, c.pack, c.state, c.closed, c.version, c.head, c.cycle, c.level, c.changed_at,
       k.id AS timer_id, k.clause, k.cycle AS its_cycle, k.calendar, k.unit, k.allowance, k.consumed, k.running_since,
       k.fires_at, k.steps_fired, k.level AS its_level
  FROM cases c JOIN timer k ON k.case_id = c.id
 WHERE c.id {among} AND k.closed_at IS NULL
   AND (k.fires_at <= :at OR c.kind || ' ' || c.state || ' ' || k.clause NOT IN ({at_home}))
 ORDER BY c.id
"""
AT_HOME = {
    True: "SELECT jsonb_array_elements_text(CAST(:at_home AS jsonb))",
    False: "SELECT value FROM json_each(:at_home)",
}
PARKED = "SELECT case_id FROM parked WHERE work = :work AND case_id BETWEEN :low AND :high"
OWED = f"SELECT DISTINCT k.case_id, p.tries {FREE} AND k.case_id {{among}} ORDER BY k.case_id"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Cases with something due, in the order of their keys; ``ids`` as their database reads a list."""

    low: int
    high: int
    cases: int
    ids: str


def chunks(store: Store, at: datetime, low: int = 0, high: int = LAST, size: int = CHUNK) -> list[Chunk]:
    """Everything due at ``at`` among the cases of a range of ids, both ends included, cut into chunks."""
    with store.looking() as tx:
        sql = CHUNKS.format(ids=IDS[tx.postgres])
        rows = tx.rows(sql, at=to_micros(at), low=low, high=high, size=size)
    return [Chunk(*row) for row in rows]


def fire_chunk(store: Store, chunk: Chunk, at: datetime, tell: bool = True) -> Sweep:
    """Fire what the cases of a chunk owe at ``at``. What fails is parked; what others hold in hand is left alone.

    Unless ``tell``, rungs that were fired together are counted and not told one by one.
    """
    return retrying(lambda: _fire(store, chunk, to_micros(at), tell))


def _fire(store: Store, chunk: Chunk, at: int, tell: bool) -> Sweep:
    try:
        with store.writing() as tx:
            return fire_together(tx, chunk, at, tell)
    except Conflict:  # a row of one of them is not as it should be: it fails alone
        with store.writing() as tx:
            return fire_each(tx, _owed(tx, _held(tx, chunk), at), at)


def fire_together(tx: Tx, chunk: Chunk, at: int, tell: bool = True) -> Sweep:
    """Fire a chunk within a transaction of the caller's; ``at`` in microseconds.

    Raises ``Conflict`` where one of its rows is not as it should be; then the transaction is lost.
    """
    ids = _held(tx, chunk)
    rows, unusual = Rows(Ways(tx, at), at, tell, floor(tx)), list[int]()
    parked = {row.case_id for row in tx.rows(PARKED, work=parking.TIMER, low=chunk.low, high=chunk.high)}
    for case_id, clocks in due_of(tx, ids, at):
        if case_id in parked or not _added(rows, clocks):
            unusual.append(case_id)
    rows.put(tx)
    apart = fire_each(tx, _owed(tx, _list(tx, unusual), at), at) if unusual else NOTHING
    return Sweep((*rows.fired, *apart.fired), apart.failed, 0 if tell else len(rows))


def _held(tx: Tx, chunk: Chunk) -> str:
    """The cases that nobody else has in hand: a clerk who is at one goes first, and what he leaves due is found again.

    They are read after they are held, so that what is read is what is true until the end.
    """
    return tx.row(HOLD, ids=chunk.ids).ids or "{}" if tx.postgres else chunk.ids


def _list(tx: Tx, ids: list[int]) -> str:
    told = ",".join(map(str, ids))
    return f"{{{told}}}" if tx.postgres else f"[{told}]"


def due_of(tx: Tx, ids: str, at: int) -> Iterator[tuple[int, list[Due]]]:
    """The cases among those that have something due, and of each the clocks that a rung may touch."""
    sql = READ.format(among=AMONG[tx.postgres], at_home=AT_HOME[tx.postgres])
    found = map(Due._make, tx.rows(sql, ids=ids, at=at, at_home=orjson.dumps(at_home()).decode()))
    for case_id, clocks in groupby(found, key=attrgetter("case_id")):
        yield case_id, list(clocks)


def _added(rows: Rows, clocks: list[Due]) -> bool:
    try:
        return rows.add(clocks)
    except Exception:  # noqa: BLE001 (what cannot be reckoned fails alone, is named, and parked)
        return False


def _owed(tx: Tx, ids: str, at: int) -> dict[int, bool]:
    """Those of the cases that may be fired now, and whether they failed before."""
    rows = tx.rows(OWED.format(among=AMONG[tx.postgres]), ids=ids, at=at)
    return {row.case_id: row.tries is not None for row in rows}
