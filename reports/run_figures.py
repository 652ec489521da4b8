"""Counts what became of the system's own work: runs, deliveries, arrivals, and steps that were recorded late."""

from dataclasses import dataclass
from datetime import datetime

from engine.transaction import Tx
from models.columns import from_micros, to_micros

HOUR = 3_600_000_000
"""In microseconds; a step recorded more than an hour after it was due was recorded late: an import, an outage."""

LATE_RECORDS = "SELECT count(*) AS n FROM escalation_step WHERE recorded_at > :since AND recorded_at - due_at > :gap"
# No run ends before it begins, so the index on ended_at bounds the search.
UNOBSERVED = """
SELECT count(*) AS n, min(began_at) AS begin_at, max(ended_at) AS end_at FROM run
 WHERE ended_at > :since AND began_at > :since AND NOT observed AND note <> '{}'
"""
FOUNDED = "SELECT made_at FROM store_info WHERE id = 1"
LAST = "SELECT max(began_at) AS at FROM run WHERE flow = :flow"
RUNS = """
SELECT flow, began_at, ended_at, did, observed FROM run WHERE flow = ANY(:flows) AND began_at >= :since
 ORDER BY began_at, id
"""
DEAD = """
SELECT c.number, d.seq, d.reaction, d.error FROM delivery d JOIN cases c ON c.id = d.case_id
 WHERE d.status = 'dead' ORDER BY c.id, d.seq
"""
BY_STATUS = """
SELECT status, count(*) AS n FROM delivery WHERE status IN ('waiting', 'leased') GROUP BY status
 UNION ALL SELECT 'dead' AS status, count(*) AS n FROM delivery WHERE status = 'dead'
"""
MOVED = "SELECT 1 AS one FROM cases WHERE changed_at > :after AND changed_at <= :until LIMIT 1"
REFUSED = "SELECT count(*) AS n FROM arrival WHERE refusal IS NOT NULL"


@dataclass(frozen=True, slots=True)
class UnobservedRuns:
    """Runs without Prefect although Prefect was configured: how many, and from when to when."""

    count: int
    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run of scheduled work: how much it did, and whether Prefect observed it."""

    began_at: datetime
    ended_at: datetime
    did: int
    observed: bool


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """A delivery that was given up after its last attempt; the error is an exception's type, without a message."""

    number: str
    seq: int
    reaction: str
    error: str | None


def late_records(tx: Tx, since: datetime) -> int:
    """Count the escalation steps recorded since then more than an hour after they were due."""
    return tx.row(LATE_RECORDS, since=to_micros(since), gap=HOUR).n


def unobserved(tx: Tx, since: datetime) -> UnobservedRuns:
    """Return the runs since then that Prefect should have observed and did not."""
    row = tx.row(UNOBSERVED, since=to_micros(since))
    begin, end = (None if at is None else from_micros(at) for at in (row.begin_at, row.end_at))
    return UnobservedRuns(row.n, begin, end)


def last_run(tx: Tx, flow: str) -> datetime | None:
    """Return when the last run of scheduled work began."""
    row = tx.row(LAST, flow=flow)
    return None if row.at is None else from_micros(row.at)


def runs(tx: Tx, flows: list[str], since: datetime) -> dict[str, list[RecordedRun]]:
    """Return the runs of scheduled work since then by its name, oldest first."""
    by_name: dict[str, list[RecordedRun]] = {}
    for row in tx.rows_among(RUNS, flows=flows, since=to_micros(since)):
        run = RecordedRun(from_micros(row.began_at), from_micros(row.ended_at), row.did, bool(row.observed))
        by_name.setdefault(row.flow, []).append(run)
    return by_name


def founded(tx: Tx) -> datetime:
    """Return when the store was created, by its own clock."""
    return from_micros(tx.row(FOUNDED).made_at)


def dead(tx: Tx) -> tuple[DeadDelivery, ...]:
    """Return the deliveries that were given up after their last attempt."""
    return tuple(DeadDelivery(*row) for row in tx.rows(DEAD))


def moved_between(tx: Tx, after: datetime, until: datetime) -> bool:
    """Whether a case last changed in (after, until]."""
    return tx.row(MOVED, after=to_micros(after), until=to_micros(until)) is not None


def refused_arrivals(tx: Tx) -> int:
    """Count the arrivals that were refused; their content is kept."""
    return tx.row(REFUSED).n


def deliveries_by_status(tx: Tx) -> dict[str, int]:
    """Return how many deliveries wait, are leased, and are dead."""
    return {"waiting": 0, "leased": 0, "dead": 0} | {row.status: row.n for row in tx.rows(BY_STATUS)}
