"""Parks a case whose due work fails: tried again later and later, then left alone until a person has looked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.backoff import TRIES, next_try
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.lifecycle import Refused

TIMER, CALLBACK = "timer", "callback"
"""The sorts of work that may be parked."""
CALLED_AGAIN = timedelta(hours=1)
"""The longest that a callback rests: what fails there is the telephone, and it comes back by itself."""

# A case that has moved on since is another case: what failed may well succeed now.
PARKED = """
SELECT c.id AS case_id, c.number, c.version, p.work, p.tries, p.next_at, p.reason FROM parked p
  JOIN cases c ON c.id = p.case_id AND c.version = p.version
"""
STUCK = f"{PARKED} WHERE p.tries >= :tries"
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
TOLD = "UPDATE parked SET reported_at = :at WHERE case_id = :case_id AND work = :work"
CLEAR = "DELETE FROM parked WHERE case_id = :case_id AND work = :work"
RELEASE = "DELETE FROM parked WHERE case_id = (SELECT id FROM cases WHERE number = :number)"


@dataclass(frozen=True, slots=True)
class Parked:
    """Work that failed again and again; ``next_at`` is None where only a person sets it going again."""

    case_id: int
    number: str
    version: int
    work: str
    tries: int
    next_at: datetime | None
    reason: str


def note_failure(tx: Tx, case_id: int, work: str, reason: str, at: int) -> None:
    """Write down that the work failed at ``at`` (microseconds), and when it is tried again."""
    row = tx.row(TRIED, case_id=case_id, work=work)
    tries = row.tries + 1
    values = {"case_id": case_id, "work": work, "version": row.version, "tries": tries, "reason": reason}
    tx.run(NOTE, next_at=_again(work, tries, from_micros(at)), **values)


def _again(work: str, tries: int, at: datetime) -> int | None:
    if work == CALLBACK:
        return to_micros(min(next_try(at, tries), at + CALLED_AGAIN))
    return to_micros(next_try(at, tries)) if tries < TRIES else None


def clear(tx: Tx, case_id: int, work: str) -> None:
    """The work succeeded."""
    tx.run(CLEAR, case_id=case_id, work=work)


def parked(tx: Tx) -> list[Parked]:
    """What failed at every try, oldest case first."""
    return _read(tx.rows(f"{STUCK} ORDER BY c.id, p.work", tries=TRIES))


def untold(tx: Tx) -> list[Parked]:
    """What failed at every try and nobody has been told of."""
    return _read(tx.rows(f"{STUCK} AND p.reported_at IS NULL ORDER BY c.id, p.work", tries=TRIES))


def _read(rows: list[Any]) -> list[Parked]:
    found: list[Parked] = []
    for row in rows:
        case_id, number, version, work, tries, next_at, reason = row
        again = None if next_at is None else from_micros(next_at)
        found.append(Parked(case_id, number, version, work, tries, again, reason))
    return found


def mark_told(store: Store, told: list[Parked], at: datetime) -> None:
    """People were told of these."""
    with store.writing() as tx:
        for one in told:
            tx.run(TOLD, case_id=one.case_id, work=one.work, at=to_micros(at))


def release_all(store: Store) -> int:
    """Let every parked case be worked on at the next pass; returns how many pieces of work that are."""
    with store.writing() as tx:
        return tx.run("DELETE FROM parked")


def release(store: Store, number: str) -> None:
    """Let a parked case be worked on at the next pass. Raises ``Refused('not_parked')``."""
    with store.writing() as tx:
        if tx.run(RELEASE, number=number) == 0:
            raise Refused("not_parked", number=number)
