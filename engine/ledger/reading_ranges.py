"""Ranges of readings under the journal: who read which personal data cannot be changed or deleted unnoticed.

Readings are frequent, so one entry at each anchor covers those since the last one, by a digest over their rows. As with
cases, an id that is missing is part of no range: see Note [Ranges of cases] in ``case_ranges.py``. Readings that are
old enough are deleted here, a whole range at a time, so that its entry can say so.
"""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from engine.ledger.case_ranges import ranges_of
from engine.ledger.chain import canonical
from engine.transaction import Tx

READINGS: Final = "readings"
"""What the journal calls the readings from one id to another."""
KEPT_FOR: Final = timedelta(days=3 * 365)

ROWS = "SELECT * FROM reading WHERE id > :after AND id <= :last ORDER BY id LIMIT 1000"
IDS = "SELECT id FROM reading WHERE id > :after AND id < :before ORDER BY id LIMIT 1000"
COUNT = "SELECT count(*) AS n FROM reading WHERE id > :after AND id < :before"
NEWEST = "SELECT max(at) AS at FROM reading WHERE id >= :first AND id <= :last"
DELETE = "DELETE FROM reading WHERE id >= :first AND id <= :last"
ABOVE_ALL = 2**63 - 1
"""More than every id."""


def readings_digest(tx: Tx, first: int, last: int) -> str:
    """Return the SHA-256 over the readings of a range of ids, or nothing where there are none."""
    digest, after, some = hashlib.sha256(), first - 1, False
    while rows := tx.rows(ROWS, after=after, last=last):
        for row in rows:
            digest.update(canonical(row._asdict()).encode() + b"\n")
        after, some = rows[-1].id, True
    return digest.hexdigest() if some else ""


def uncovered_readings(tx: Tx) -> Iterator[int]:
    """Yield the ids of the readings in no range, in their order."""
    top = 0
    for first, last in ranges_of(tx, READINGS):
        if first > top + 1 and tx.row(COUNT, after=top, before=first).n:
            yield from _ids_between(tx, top, first)
        top = max(top, last)
    yield from _ids_between(tx, top, ABOVE_ALL)


def old_readings(tx: Tx, at: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges whose readings are all older than they are kept; ``at`` is in microseconds."""
    oldest = at - KEPT_FOR // timedelta.resolution
    for first, last in ranges_of(tx, READINGS):
        newest = tx.row(NEWEST, first=first, last=last).at
        if newest is not None and newest >= oldest:
            return
        if newest is not None:  # else somebody has deleted them, which ``verify`` reports
            yield first, last


def delete_readings(tx: Tx, first: int, last: int) -> None:
    """Delete the readings of a range."""
    tx.run(DELETE, first=first, last=last)


def _ids_between(tx: Tx, after: int, before: int) -> Iterator[int]:
    while rows := tx.rows(IDS, after=after, before=before):
        yield from (row.id for row in rows)
        after = rows[-1].id
