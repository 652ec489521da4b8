"""Park cases whose due work fails: retry with growing waits, then wait for a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.actors import SYSTEM
from engine.backoff import TRIES, next_try
from engine.ledger.suspensions import ALL_RETRIED, HELD, RELEASED, check_release_reason, record_case
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.lifecycle import Refused

TIMER, CALLBACK = "timer", "callback"
"""The sorts of work that may be parked."""
CALLED_AGAIN = timedelta(hours=1)
"""The longest wait for a callback: what fails there is the telephone, which recovers by itself."""

# A failure counts for one version of a case only: once the case has moved, the work may succeed.
PARKED = """
SELECT c.id AS case_id, c.number, c.version, p.work, p.tries, p.next_at, p.reason FROM parked p
 CROSS JOIN cases c WHERE c.id = p.case_id AND c.version = p.version
"""
STUCK = f"{PARKED} AND p.tries >= :tries"
NOTE = """
INSERT INTO parked (case_id, work, version, tries, next_at, reason)
VALUES (:case_id, :work, :version, :tries, :next_at, :reason)
ON CONFLICT (case_id, work) DO UPDATE SET version = excluded.version, tries = excluded.tries,
       next_at = excluded.next_at, reason = excluded.reason,
       reported_at = CASE WHEN excluded.tries > 1 THEN parked.reported_at END
"""
TRIED = """
SELECT c.version, coalesce(p.tries, 0) AS tries FROM cases c
  LEFT JOIN parked p ON p.case_id = c.id AND p.version = c.version AND p.work = :work WHERE c.id = :case_id
"""
MARK_REPORTED = "UPDATE parked SET reported_at = :at WHERE case_id = :case_id AND work = :work"
CLEAR = "DELETE FROM parked WHERE case_id = :case_id AND work = :work"
RELEASE_ALL = "DELETE FROM parked RETURNING case_id, work, next_at"
RELEASE = """
DELETE FROM parked WHERE case_id = (SELECT id FROM cases WHERE number = :number) RETURNING case_id, work, next_at
"""


@dataclass(frozen=True, slots=True)
class Parked:
    """Parked work; ``next_at`` is None if only a person can release it."""

    case_id: int
    number: str
    version: int
    work: str
    tries: int
    next_at: datetime | None
    reason: str


def note_failure(tx: Tx, case_id: int, work: str, reason: str, at: int) -> None:
    """Record that the work failed at ``at`` (microseconds), and when it is tried again."""
    row = tx.row(TRIED, case_id=case_id, work=work)
    tries = row.tries + 1
    values = {"case_id": case_id, "work": work, "version": row.version, "tries": tries, "reason": reason}
    next_at = _again(work, tries, from_micros(at))
    tx.run(NOTE, next_at=next_at, **values)
    if next_at is None:
        record_case(tx, HELD, case_id, work, SYSTEM, reason, at)


def _again(work: str, tries: int, at: datetime) -> int | None:
    if work == CALLBACK:
        return to_micros(min(next_try(at, tries), at + CALLED_AGAIN))
    return to_micros(next_try(at, tries)) if tries < TRIES else None


def clear(tx: Tx, case_id: int, work: str) -> None:
    """Remove the record of failures: the work succeeded."""
    tx.run(CLEAR, case_id=case_id, work=work)


def parked(tx: Tx) -> list[Parked]:
    """Return the work that failed at every try, oldest case first."""
    return _read(tx.rows(f"{STUCK} ORDER BY c.id, p.work", tries=TRIES))


def unreported(tx: Tx) -> list[Parked]:
    """Return the work that failed at every try and was not reported yet."""
    return _read(tx.rows(f"{STUCK} AND p.reported_at IS NULL ORDER BY c.id, p.work", tries=TRIES))


def _read(rows: list[Any]) -> list[Parked]:
    return [_parked(row) for row in rows]


def _parked(row: Any) -> Parked:
    next_at = None if row.next_at is None else from_micros(row.next_at)
    return Parked(row.case_id, row.number, row.version, row.work, row.tries, next_at, row.reason)


def mark_reported(store: Store, reported: list[Parked], at: datetime) -> None:
    """Record that people were notified of this work."""
    with store.writing() as tx:
        for work in reported:
            tx.run(MARK_REPORTED, case_id=work.case_id, work=work.work, at=to_micros(at))


def release_all_in(tx: Tx, handle: str, at: int) -> int:
    """Release all parked work for the next tick, because everything is tried again. Return how much there was."""
    return _release(tx, tx.rows(RELEASE_ALL), handle, ALL_RETRIED, at)


def release_in(tx: Tx, number: str, handle: str, reason: str, at: int) -> None:
    """Release a parked case for the next tick. Raises ``Refused('no_release_reason' | 'not_parked')``."""
    check_release_reason(reason)
    if not _release(tx, tx.rows(RELEASE, number=number), handle, reason, at):
        raise Refused("not_parked", number=number)


def _release(tx: Tx, released: list[Any], handle: str, reason: str, at: int) -> int:
    """Record the release of the work that waited for a person; what is tried again by itself was not suspended."""
    for row in released:
        if row.next_at is None:
            record_case(tx, RELEASED, row.case_id, row.work, handle, reason, at)
    return len(released)
