"""Check the journal: its chain, and that each journalled row is what its newest entry says.

A chunk of entries, and of the rows that they describe, that is byte for byte the one that this process found sound
before is not checked again. See Note [A verdict is reached once] in ``sound_cases.py``.
"""

from collections.abc import Iterator
from typing import Any, cast

import orjson

from engine.audit.sound_cases import digest_of
from engine.ledger.case_ranges import CASE_PARTIES
from engine.ledger.chain import GENESIS
from engine.ledger.journal import (
    COLUMNS,
    KEYS,
    canonical_key,
    entry_hash,
    row_digest,
    rows_of,
    stored_digest,
)
from engine.ledger.reading_ranges import READINGS
from engine.transaction import Tx

CHUNK = 500
ENTRIES = f"SELECT {COLUMNS} FROM journal WHERE seq > :after ORDER BY seq LIMIT {CHUNK}"
BEFORE = "SELECT hash FROM journal WHERE seq = :seq"
LIVE = f"""
SELECT key, digest, seq FROM journal j WHERE subject = :subject AND seq > :after
   AND seq = (SELECT max(seq) FROM journal n WHERE n.subject = j.subject AND n.key = j.key)
 ORDER BY seq LIMIT {CHUNK}
"""
NEWEST_OF = """
SELECT key, digest FROM journal j WHERE subject = :subject AND key = ANY(:keys)
   AND seq = (SELECT max(seq) FROM journal n WHERE n.subject = j.subject AND n.key = j.key)
"""
SUPERSEDED = """
SELECT 1 AS one FROM journal e JOIN journal n ON n.subject = e.subject AND n.key = e.key AND n.seq > e.seq
 WHERE e.seq = :seq LIMIT 1
"""
KNOWN = "SELECT 1 AS one FROM journal WHERE subject = :subject AND key = :key LIMIT 1"
CHAIN = ""
"""Stands for the chain of the journal where the table of rows is named."""
NAMES = KEYS | {CASE_PARTIES: ("id", "id"), READINGS: ("id", "id")}
"""The columns of the key of each subject of the journal."""
COUNTED = KEYS.keys() - {"erasure"}
"""The subjects of which each row must have an entry; an erased text without one is reported with its case."""
NUMBERS = frozenset({
    "id", "case_id", "seq", "parent_id", "child_id", "party_id", "other_id", "cycle", "attempt", "actor_id",
    "draw_id", "level", "position", "roster_id", "sheet_id", "survey_id",
})  # fmt: skip
"""Columns of keys that hold numbers; all others hold texts."""
RANDOM_IDS = frozenset({"api_token", "attachment", "invitation"})
"""Tables whose ids are texts: they are random, so that nobody can guess the next one."""

_Rows = dict[tuple[Any, ...], Any]
"""Rows of a table by their key."""
JournalFault = tuple[int, str]
"""The number of an entry, 0 for a row without one, and a code with the table and the row's key."""


def journal_faults(tx: Tx) -> Iterator[JournalFault]:
    """Yield every fault of the journal, and every journalled row that no entry or another one describes.

    An erased text that no entry describes is reported with its case (``engine.audit.verify``).
    """
    yield from _chain_faults(tx, 0)
    for subject in NAMES:
        matching = before = 0
        for entries in _live_entries(tx, subject):
            rows = _rows_of(tx, subject, entries)
            place, before = (subject, before), entries[-1].seq
            digest = digest_of(entries, rows.values()) if rows is not None else None
            faults: list[JournalFault] = []
            if not _is_known(tx, place, digest):
                found = ((entry.seq, _row_fault(tx, subject, entry, rows)) for entry in entries)
                faults = [(seq, fault) for seq, fault in found if fault is not None]
                _remember(tx, place, digest, faults)
            yield from faults
            faulty = {seq for seq, _ in faults}
            matching += sum(bool(entry.digest) and entry.seq not in faulty for entry in entries)
        if subject in COUNTED and tx.row(f"SELECT count(*) AS n FROM {rows_of(subject)}").n > matching:
            yield from _unknown_rows(tx, subject)


def newest_digests(tx: Tx, subject: str, keys: list[str]) -> dict[str, str]:
    """Return the digests of the newest entries of some rows, by the rows' keys as the journal writes them."""
    rows = tx.rows_among(NEWEST_OF, subject=subject, keys=keys) if keys else []
    return {row.key: row.digest for row in rows}


def new_journal_faults(tx: Tx, after: int) -> Iterator[JournalFault]:
    """Yield the faults of the entries after one, and of the rows that they describe."""
    yield from _chain_faults(tx, after)
    for entry in _entries(tx, after):
        newest = tx.row(SUPERSEDED, seq=entry.seq) is None
        if newest and (fault := _row_fault(tx, entry.subject, entry, None)) is not None:
            yield entry.seq, fault


def _entries(tx: Tx, after: int) -> Iterator[Any]:
    while rows := tx.rows(ENTRIES, after=after):
        yield from rows
        after = rows[-1].seq


def _live_entries(tx: Tx, subject: str) -> Iterator[list[Any]]:
    """Yield the newest entry of each row of a table, some hundred at a time, in the order in which they were made."""
    after = 0
    while entries := tx.rows(LIVE, subject=subject, after=after):
        yield entries
        after = entries[-1].seq


def _rows_of(tx: Tx, subject: str, entries: list[Any]) -> _Rows | None:
    """Return the rows that entries describe, by key: one query for all of them. None for ranges of cases."""
    if subject not in KEYS:
        return None
    first = KEYS[subject][0]
    keys = (_parsed(subject, entry.key) for entry in entries)
    firsts = sorted({key[0] for key in keys if key is not None})
    found = tx.rows_among(f"SELECT * FROM {rows_of(subject)} WHERE {first} = ANY(:firsts)", firsts=firsts)
    return {tuple(getattr(row, name) for name in KEYS[subject]): row for row in found}


def _chain_faults(tx: Tx, after: int) -> Iterator[JournalFault]:
    first = tx.row(BEFORE, seq=after) if after else None
    before = GENESIS if first is None else first.hash
    while entries := tx.rows(ENTRIES, after=after):
        place, digest = (CHAIN, after), digest_of([(before,)], entries)
        if not _is_known(tx, place, digest):
            faults = [*_chunk_faults(before, after, entries)]
            _remember(tx, place, digest, faults)
            yield from faults
        before, after = entries[-1].hash, entries[-1].seq


def _chunk_faults(before: Any, expected: int, entries: list[Any]) -> Iterator[JournalFault]:
    """Yield where entries do not follow from one another, nor the first from the hash and the number before it."""
    for entry in entries:
        expected += 1
        if entry.seq != expected:
            yield entry.seq, "journal_gap"
            expected = entry.seq
        if not _follows(before, entry):
            yield entry.seq, "journal_hash"
        before = entry.hash


def _is_known(tx: Tx, place: tuple[str, int], digest: bytes | None) -> bool:
    return digest is not None and tx.kept.sound_entries.get(place) == digest


def _remember(tx: Tx, place: tuple[str, int], digest: bytes | None, faults: list[JournalFault]) -> None:
    if digest is not None and not faults:
        tx.kept.sound_entries[place] = digest


def _follows(before: Any, entry: Any) -> bool:
    try:
        return entry_hash(before, entry._asdict()) == entry.hash
    except (TypeError, ValueError):  # a column holds a value of another type
        return False


def _row_fault(tx: Tx, subject: str, entry: Any, rows: _Rows | None) -> str | None:
    """Return the code of the fault if a row is not the one that its newest entry describes; ``rows`` were read."""
    if subject not in NAMES:
        return f"journal_subject {subject}"
    key = _parsed(subject, entry.key)
    if key is None:
        return f"journal_key {subject}"
    if subject == CASE_PARTIES and not entry.digest:  # the range has ended: its cases are in other ranges
        return None
    try:
        digest = stored_digest(tx, subject, key) if rows is None else row_digest(subject, rows.get(tuple(key)))
    except (TypeError, ValueError):
        return f"unreadable {subject} {entry.key}"
    if digest == entry.digest:
        return None
    what = "deleted" if not digest else "changed" if entry.digest else "restored"
    return f"journal_{what} {subject} {entry.key}"


def _parsed(subject: str, text: Any) -> list[Any] | None:
    """Return the values of a key, or None where they cannot be those of the table."""
    try:
        parsed = orjson.loads(text)
    except (ValueError, TypeError):
        return None
    names = NAMES[subject]
    if not isinstance(parsed, list) or len(key := cast("list[Any]", parsed)) != len(names):
        return None
    numbers = frozenset[str]() if subject in RANDOM_IDS else NUMBERS
    fits = (isinstance(value, int if name in numbers else str) for name, value in zip(names, key, strict=True))
    return key if all(fits) else None


def _unknown_rows(tx: Tx, subject: str) -> Iterator[JournalFault]:
    """Yield the rows of a table that no entry names."""
    names = ", ".join(KEYS[subject])
    offset = 0
    while True:
        rows = tx.rows(f"SELECT {names} FROM {rows_of(subject)} ORDER BY {names} LIMIT {CHUNK} OFFSET {offset}")
        for row in rows:
            try:
                text = canonical_key(row)
            except (TypeError, ValueError):
                yield 0, f"unreadable {subject}"
                continue
            if tx.row(KNOWN, subject=subject, key=text) is None:
                yield 0, f"journal_missing {subject} {text}"
        if len(rows) < CHUNK:
            return
        offset += CHUNK
