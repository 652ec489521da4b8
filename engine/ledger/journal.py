"""Journal what no case records: each row that is written to certain tables leaves an entry in a chain of its own.

The head of the chain is a leaf under every anchor, beside the heads of the cases.

Note [Entries at the end]: entries are written when the transaction is about to be committed, each row once, as it then
is. So the lock that keeps the chain in order is held for a moment and never waits for another one.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from engine.ledger.case_ranges import (
    CASE_PARTIES,
    broken_ranges,
    parties_digest,
    ranges_of,
    ranges_of_cases,
    runs,
    uncovered_cases,
)
from engine.ledger.chain import GENESIS, canonical, chain_hash
from engine.ledger.reading_ranges import READINGS, delete_readings, old_readings, readings_digest, uncovered_readings
from engine.transaction import Tx

KEYS: dict[str, tuple[str, ...]] = {
    "access_code": ("id",),
    "account": ("actor_id",),
    "actor": ("handle",),
    "actor_change": ("id",),
    "api_token": ("id",),
    "attachment": ("id",),
    "callback": ("case_id", "cycle", "attempt"),
    "care_consent": ("id",),
    "category": ("code",),
    "conduct_draw": ("id",),
    "conduct_mark": ("sheet_id", "item"),
    "conduct_sample": ("draw_id", "position"),
    "conduct_sheet": ("id",),
    "dead_letter": ("case_id", "seq", "reaction"),
    "department": ("code",),
    "duty_alert": ("case_id", "seq", "level"),
    "duty_roster": ("id",),
    "duty_shift": ("roster_id", "position"),
    "duty_swap": ("id",),
    "edition": ("id",),
    "erasure": ("case_id", "seq", "field"),
    "hold": ("kind",),
    "interpretation": ("id",),
    "invitation": ("id",),
    "link": ("parent_id", "child_id", "relation"),
    "mail_erasure": ("key",),
    "oidc_link": ("issuer", "subject"),
    "order_import": ("id",),
    "party_erasure": ("id",),
    "rating": ("case_id", "cycle"),
    "rule_draft": ("id",),
    "same_person": ("party_id", "other_id"),
    "store_info": ("id",),
    "survey": ("id",),
    "survey_person": ("survey_id", "position"),
    "survey_stratum": ("survey_id", "stratum"),
    "suspension": ("id",),
    "webhook": ("id",),
}
"""What is journalled, by the columns that identify a row: tables, and the rows that ``SELECTED`` takes of one."""
SELECTED = {
    "dead_letter": """
(SELECT case_id, seq, reaction, retried_at, drop_reason,
        CASE WHEN drop_reason IS NOT NULL THEN done_at END AS dropped_at
   FROM delivery WHERE retried_at IS NOT NULL OR drop_reason IS NOT NULL) AS dead_letter
""",
    "erasure": """
(SELECT case_id, seq, field, erased_at, erasure_reason FROM statement
  WHERE erased_at IS NOT NULL AND content IS NULL AND salt IS NULL) AS erasure
""",
    "mail_erasure": """
(SELECT key, erasure_reason FROM mail WHERE erasure_reason IS NOT NULL AND subject = '' AND body = '') AS mail_erasure
""",
    "party_erasure": """
(SELECT id, erased_at, erasure_reason FROM party
  WHERE erased_at IS NOT NULL AND name IS NULL AND phone IS NULL AND email IS NULL
    AND identity IS NULL AND phone_key IS NULL AND email_key IS NULL AND birthday IS NULL) AS party_erasure
""",
}
"""The subjects that are no table: deliveries that a person revived or gave up, and what was erased."""
MOVING = {"store_info": frozenset({"simulated_at"})}
"""Columns of which the journal holds only whether they are empty: the clock of a simulated store moves all the time."""

NOT_JOURNALLED = {"account": frozenset({"totp_step"}), "api_token": frozenset({"used_at", "used_from"})}
"""Columns that change whenever an account or a token is used, and that no entry covers."""

DROPS_JOURNALLED = "0015"
"""The revision of the schema since which a delivery that a person gave up has an entry."""
INIT = "init"
"""Who enters the rows that a store was made with, or that an earlier release left."""
JOURNAL_LEAF = "journal-0"
"""What the leaf of the journal's head is called in place of a case number; its id is less than that of every case."""

COLUMNS = "seq, at, made_by, subject, key, digest, hash"
HEAD = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"
NEWEST = "SELECT digest FROM journal WHERE subject = :subject AND key = :key ORDER BY seq DESC LIMIT 1"
ADD = f"""
INSERT INTO journal ({COLUMNS}) VALUES (:seq, :at, :made_by, :subject, :key, :digest, :hash)
"""
ENTERED = "SELECT DISTINCT key FROM journal WHERE subject = :subject"
ONE_BY_ONE = "LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE"


def journal_row(tx: Tx, subject: str, key: Sequence[Any], made_by: str, at: int) -> None:
    """Enter a row that this transaction has written or deleted. See Note [Entries at the end]."""
    if not tx.cache.journalled:
        tx.at_end.append(_write_entries)
    tx.cache.journalled[subject, tuple(key)] = (made_by, at)


def journal_new_cases(tx: Tx, at: int) -> None:
    """Enter the parties of the cases that no entry covers yet. See Note [Ranges of cases]."""

    def enter(tx: Tx) -> None:
        for first, last in runs(uncovered_cases(tx)):
            journal_row(tx, CASE_PARTIES, (first, last), INIT, at)

    _under_the_lock(tx, enter)


def journal_new_readings(tx: Tx, at: int) -> None:
    """Enter the readings that no entry covers yet, and delete those that are old enough, if nobody changed them."""

    def enter(tx: Tx) -> None:
        for ids in old_readings(tx, at):
            if readings_digest(tx, *ids) == tx.row(NEWEST, subject=READINGS, key=canonical_key(ids)).digest:
                delete_readings(tx, *ids)
                journal_row(tx, READINGS, ids, INIT, at)
        for ids in runs(uncovered_readings(tx)):
            journal_row(tx, READINGS, ids, INIT, at)

    _under_the_lock(tx, enter)


def journal_as_found(tx: Tx, made_by: str, at: int) -> None:
    """Enter every row that is not as its newest entry says: a person has examined what was found."""
    for subject, names in KEYS.items():
        for row in tx.rows(f"SELECT {', '.join(names)} FROM {rows_of(subject)}"):
            journal_row(tx, subject, row, made_by, at)
        for row in tx.rows(ENTERED, subject=subject):
            journal_row(tx, subject, orjson.loads(row.key), made_by, at)
    for cases in ranges_of_cases(tx):
        journal_row(tx, CASE_PARTIES, cases, made_by, at)
    for readings in ranges_of(tx, READINGS):
        journal_row(tx, READINGS, readings, made_by, at)
    for cases, left in broken_ranges(tx).items():
        tx.cache.ended_ranges.add(cases)
        for run in left:
            journal_row(tx, CASE_PARTIES, run, made_by, at)


def journal_party_of(tx: Tx, case_id: int, made_by: str, at: int) -> None:
    """Enter the range of cases anew in which the party of one was changed."""

    def enter(tx: Tx) -> None:
        for first, last in ranges_of_cases(tx):
            if first <= case_id <= last:
                journal_row(tx, CASE_PARTIES, (first, last), made_by, at)

    _under_the_lock(tx, enter)


def stored_digest(tx: Tx, subject: str, key: Sequence[Any]) -> str:
    """Return the digest of what an entry with this key describes, as it is now."""
    if subject == CASE_PARTIES:
        return parties_digest(tx, *key)
    if subject == READINGS:
        return readings_digest(tx, *key)
    return row_digest(subject, stored_row(tx, subject, key))


def begin_journal(tx: Tx, at: int) -> bool:
    """Enter every row of a store that has no journal yet; return False if it has one."""
    if tx.row(HEAD) is not None:
        return False
    for subject, names in KEYS.items():
        for row in tx.rows(f"SELECT {', '.join(names)} FROM {rows_of(subject)} ORDER BY {', '.join(names)}"):
            journal_row(tx, subject, row, INIT, at)
    return True


def enter_dropped(tx: Tx) -> None:
    """Enter the deliveries that were given up before ``DROPS_JOURNALLED``, if there is a journal yet."""
    if tx.row(HEAD) is None:
        return
    for row in tx.rows(f"SELECT case_id, seq, reaction, dropped_at FROM {rows_of('dead_letter')}"):
        journal_row(tx, "dead_letter", (row.case_id, row.seq, row.reaction), INIT, row.dropped_at)


def rows_of(subject: str) -> str:
    """Return what stands after FROM to read the rows of a subject."""
    return SELECTED.get(subject, subject)


def row_digest(subject: str, row: Any) -> str:
    """Return the SHA-256 of a row's columns that are not empty, so that a column added later changes no digest."""
    if row is None:
        return ""
    left_out = NOT_JOURNALLED.get(subject, frozenset())
    values = {
        name: _plain(value) for name, value in row._asdict().items() if value is not None and name not in left_out
    }
    values |= dict.fromkeys(MOVING.get(subject, frozenset()) & values.keys(), 1)
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def stored_row(tx: Tx, subject: str, key: Sequence[Any]) -> Any:
    """Return a row by its key, or None."""
    names = KEYS[subject]
    where = " AND ".join(f"{name} = :{name}" for name in names)
    return tx.row(f"SELECT * FROM {rows_of(subject)} WHERE {where}", **dict(zip(names, key, strict=True)))


def entry_hash(before: str, entry: dict[str, Any]) -> str:
    """Return the hash of an entry: SHA-256 over the hash before it and its other columns."""
    return chain_hash(before, {name: value for name, value in entry.items() if name != "hash"})


def _plain(value: Any) -> Any:
    """Return a value as it is on either database."""
    if isinstance(value, bytes):
        return value.hex()
    return int(value) if isinstance(value, bool) else value


def _under_the_lock(tx: Tx, enter: Callable[[Tx], None]) -> None:
    """Call ``enter`` at the end of the transaction, when nobody else can write entries."""

    def locked(tx: Tx) -> None:
        _lock(tx)
        enter(tx)

    tx.at_end.insert(0, locked)


def _lock(tx: Tx) -> None:
    if tx.postgres:
        tx.run(ONE_BY_ONE)


def _write_entries(tx: Tx) -> None:
    _lock(tx)
    head = tx.row(HEAD)
    seq, before = (0, GENESIS) if head is None else (head.seq, head.hash)
    for entry in _entries(tx):
        seq += 1
        entry["seq"] = seq
        before = entry["hash"] = entry_hash(before, entry)
        tx.run(ADD, **entry)


def _entries(tx: Tx) -> Iterator[dict[str, Any]]:
    """Yield the entries of the rows that differ from their last entry, without ``seq`` and ``hash``."""
    for (subject, key), (made_by, at) in tx.cache.journalled.items():
        ended = subject == CASE_PARTIES and key in tx.cache.ended_ranges
        text, digest = canonical_key(key), "" if ended else stored_digest(tx, subject, key)
        newest = tx.row(NEWEST, subject=subject, key=text)
        if digest != ("" if newest is None else newest.digest):
            yield {"at": at, "made_by": made_by, "subject": subject, "key": text, "digest": digest}


def canonical_key(key: Sequence[Any]) -> str:
    """Return a row's key as JSON without blanks."""
    return re.sub(r"^\{\"key\":|\}$", "", canonical({"key": list(key)}))
