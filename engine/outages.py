"""Record outages: spans in which nobody did the due work, and why. The morning report lists them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.runs import Done, keep
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros

DRIVER_AWAY, WORKER_AWAY = "driver_away", "worker_away"
"""The reasons of an outage. A database that cannot be written to gives the code of its refusal instead."""
SHORTEST = timedelta(minutes=15)
"""A shorter span is no outage: a restart, a busy minute. Catch-up runs come no more often than this."""
AWAY = "away:"
"""The prefix under which an outage is stored among the runs, followed by its reason."""

WATCHED = "watched"
KEPT = timedelta(days=3650)
LAST = "SELECT seen_at FROM lease WHERE name = :name"
MARK = """
INSERT INTO lease (name, owner, seen_at, until) VALUES (:name, '', :at, :until)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, until = excluded.until
 WHERE lease.seen_at < excluded.seen_at
"""
# The index on ended_at bounds the search; with a GROUP BY, SQLite would scan all runs in the order of flow.
OUTAGES = """
SELECT flow, began_at, ended_at FROM run
 WHERE ended_at > :since AND began_at <= :until AND flow LIKE :away ORDER BY began_at, flow
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """The reason of an outage, its first and last instant, how often it occurred; ``end`` is None while it lasts."""

    why: str
    begin: datetime
    end: datetime | None
    times: int = 1


def mark_watched(store: Store, at: datetime) -> datetime | None:
    """Record that all work due at ``at`` was looked at. Return the previous such instant, None the first time."""
    with store.writing() as tx:
        row = tx.row(LAST, name=WATCHED)
        tx.run(MARK, name=WATCHED, at=to_micros(at), until=to_micros(at + KEPT))
        return None if row is None else from_micros(row.seen_at)


def note_outage(store: Store, why: str, begin: datetime, end: datetime) -> None:
    """Record that for this reason nobody did the work between ``begin`` and ``end``."""
    keep(store, Done(f"{AWAY}{why}", begin, end, observed=True, did=0))


def outages(tx: Tx, since: datetime, until: datetime) -> list[Outage]:
    """Return the outages that overlap a span, one per reason, and the one that still lasts, if any."""
    runs: dict[str, list[Any]] = {}
    for row in tx.rows(OUTAGES, away=f"{AWAY}%", since=to_micros(since), until=to_micros(until)):
        runs.setdefault(row.flow, []).append(row)
    return [*(_outage(flow, rows) for flow, rows in runs.items()), *_lasting(tx, until)]


def _outage(flow: str, rows: list[Any]) -> Outage:
    """Join all runs of one reason, oldest first, into one outage."""
    end = max(row.ended_at for row in rows)
    return Outage(flow.removeprefix(AWAY), from_micros(rows[0].began_at), from_micros(end), len(rows))


def _lasting(tx: Tx, at: datetime) -> list[Outage]:
    row = tx.row(LAST, name=WATCHED)
    if row is None or at - from_micros(row.seen_at) < SHORTEST:
        return []
    return [Outage(DRIVER_AWAY, from_micros(row.seen_at), None)]


def excused(tx: Tx, at: datetime) -> bool:
    """Return whether an outage covers that instant."""
    return any(outage.end is not None and outage.begin <= at <= outage.end for outage in outages(tx, at, at))
