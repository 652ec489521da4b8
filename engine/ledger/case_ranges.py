"""Ranges of cases under the journal: which ids an entry covers, and the digest over their parties and packs.

Note [Ranges of cases]: an entry for the parties of cases covers ids of which each one was there when it was made. On
Postgres a case may be committed after one with a higher id, so a missing id is never part of a range: it gets an entry
of its own when its case is there. Which ranges there are is looked up under the journal's lock, so a party that is
changed meanwhile is entered either by the one who changes it or by the one who makes the range.

Where a person re-anchors although cases of a range are gone, the range ends with an entry without a digest, and the
cases that are left get ranges of their own: SQLite gives the id of a newest case that was deleted to the next one.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from engine.ledger.chain import canonical
from engine.transaction import Tx

CASE_PARTIES = "case_parties"
"""What the journal calls the party and pack of the cases from one id to another: one entry for the new cases of an
anchor, because a case's opening writes none. See Note [Ranges of cases]."""

BETWEEN = "SELECT id FROM cases WHERE id > :after AND id < :before ORDER BY id LIMIT 1000"
COUNT = "SELECT count(*) AS n FROM cases WHERE id > :after AND id < :before"
ABOVE_ALL = 2**63 - 1
"""More than every id."""
PARTIES = "SELECT id, party_id, pack FROM cases WHERE id > :after AND id <= :last ORDER BY id LIMIT 1000"
RANGES = """
SELECT key FROM journal WHERE subject = :subject
 GROUP BY key HAVING max(seq) = max(CASE WHEN digest <> '' THEN seq END)
"""


def parties_digest(tx: Tx, first: int, last: int) -> str:
    """Return the SHA-256 over the parties and packs of the cases of a range of ids."""
    digest, after = hashlib.sha256(), first - 1
    while rows := tx.rows(PARTIES, after=after, last=last):
        for row in rows:
            digest.update(canonical(row._asdict()).encode() + b"\n")
        after = rows[-1].id
    return digest.hexdigest()


def ranges_of_cases(tx: Tx) -> list[tuple[int, int]]:
    """Return the ranges of cases that are entered and not ended, in the order of ids."""
    return ranges_of(tx, CASE_PARTIES)


def ranges_of(tx: Tx, subject: str) -> list[tuple[int, int]]:
    """Return the ranges of a subject that are entered and not ended; keys of another form are for ``verify``."""
    return sorted(ids for row in tx.rows(RANGES, subject=subject) if (ids := _range(row.key)) is not None)


def broken_ranges(tx: Tx) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the ranges of which a case is gone, and the runs of the cases that are left in each."""
    return {
        (first, last): list(runs(_cases_between(tx, first - 1, last + 1)))
        for first, last in ranges_of_cases(tx)
        if tx.row(COUNT, after=first - 1, before=last + 1).n != last - first + 1
    }


def uncovered_cases(tx: Tx) -> Iterator[int]:
    """Yield the ids of the cases in no range, in their order."""
    top, covered, gaps = 0, 0, list[tuple[int, int]]()
    for first, last in ranges_of_cases(tx):
        if first > top + 1:
            gaps.append((top, first))
        top, covered = max(top, last), covered + last - first + 1
    if gaps and tx.row(COUNT, after=0, before=top + 1).n != covered:
        for after, before in gaps:
            yield from _cases_between(tx, after, before)
    yield from _cases_between(tx, top, ABOVE_ALL)


def _cases_between(tx: Tx, after: int, before: int) -> Iterator[int]:
    while rows := tx.rows(BETWEEN, after=after, before=before):
        yield from (row.id for row in rows)
        after = rows[-1].id


def _range(key: Any) -> tuple[int, int] | None:
    try:
        first, last = orjson.loads(key)
    except (ValueError, TypeError):
        return None
    return (first, last) if isinstance(first, int) and isinstance(last, int) else None


def runs(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of consecutive numbers."""
    run: tuple[int, int] | None = None
    for number in ids:
        if run is not None and number == run[1] + 1:
            run = (run[0], number)
            continue
        if run is not None:
            yield run
        run = (number, number)
    if run is not None:
        yield run
