"""Remembers from when to when nobody could do the work, and why, for the morning report to say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.runs import Done, keep
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros

DRIVER_AWAY, WORKER_AWAY = "driver_away", "worker_away"
"""Why work was not done in time; a database that cannot be written to gives its refusal's code."""
SHORTEST = timedelta(minutes=15)
"""Less is no gap: a restart, a busy minute; the catch-up runs come no more often."""
AWAY = "away:"
"""A gap is kept among the runs, under this and its reason."""

WATCHED = "watched"
KEPT = timedelta(days=3650)
LAST = "SELECT seen_at FROM lease WHERE name = :name"
MARK = """
INSERT INTO lease (name, owner, seen_at, until) VALUES (:name, '', :at, :until)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, until = excluded.until
 WHERE lease.seen_at < excluded.seen_at
"""
GAPS = """
SELECT flow, min(began_at) AS begin_at, max(ended_at) AS end_at, count(*) AS times FROM run
 WHERE flow LIKE :away AND ended_at > :since AND began_at <= :until GROUP BY flow ORDER BY 2, 1
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """Why nobody did the work, how often, from the first time to the last; ``end`` is None while it lasts."""

    why: str
    begin: datetime
    end: datetime | None
    times: int = 1


def mark_watched(store: Store, at: datetime) -> datetime | None:
    """Somebody has passed over all that was due at ``at``; returns when somebody last did before."""
    with store.writing() as tx:
        row = tx.row(LAST, name=WATCHED)
        tx.run(MARK, name=WATCHED, at=to_micros(at), until=to_micros(at + KEPT))
        return None if row is None else from_micros(row.seen_at)


def note_outage(store: Store, why: str, begin: datetime, end: datetime) -> None:
    """Write down that for this reason nobody did the work from then to then."""
    keep(store, Done(f"{AWAY}{why}", begin, end, observed=True, did=0))


def outages(tx: Tx, since: datetime, until: datetime) -> list[Outage]:
    """The gaps that reach into a span, one for each reason, and the one that lasts still, if any."""
    rows = tx.rows(GAPS, away=f"{AWAY}%", since=to_micros(since), until=to_micros(until))
    return [*map(_gap, rows), *_lasting(tx, until)]


def _gap(row: Any) -> Outage:
    return Outage(row.flow.removeprefix(AWAY), from_micros(row.begin_at), from_micros(row.end_at), row.times)


def _lasting(tx: Tx, at: datetime) -> list[Outage]:
    row = tx.row(LAST, name=WATCHED)
    if row is None or at - from_micros(row.seen_at) < SHORTEST:
        return []
    return [Outage(DRIVER_AWAY, from_micros(row.seen_at), None)]


def excused(tx: Tx, at: datetime) -> bool:
    """Whether nobody could have worked at that instant anyway."""
    return any(gap.end is not None and gap.begin <= at <= gap.end for gap in outages(tx, at, at))
