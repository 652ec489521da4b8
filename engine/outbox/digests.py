"""Carry the notices that wait for a digest in one mail to each recipient; see Note [Digests] in notices.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.databases import Conflict
from engine.outbox.mails import ComposedMail, compose_in
from engine.outbox.notices import MOOT
from engine.store import Store
from models.columns import to_micros

DIGESTS_DUE = "SELECT DISTINCT recipient FROM notice WHERE mail IS NULL AND digest_at <= :at ORDER BY recipient"
WAITING = f"""
SELECT n.case_id, c.number, n.seq, n.level, n.asked_at, n.line, {MOOT} AS moot
  FROM notice n JOIN cases c ON c.id = n.case_id LEFT JOIN timer k ON k.id = n.timer_id
 WHERE n.recipient = :recipient AND n.mail IS NULL AND n.digest_at <= :at
 ORDER BY n.level DESC, n.asked_at, n.case_id, n.seq
"""
ASSIGN = """
UPDATE notice SET mail = :mail WHERE case_id = :case_id AND seq = :seq AND recipient = :recipient AND mail IS NULL
"""
FORGET = "DELETE FROM notice WHERE case_id = :case_id AND seq = :seq AND recipient = :recipient AND mail IS NULL"


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A notice that waits for a digest; ``moot`` if its promise was met or its case closed meanwhile."""

    case_id: int
    number: str
    seq: int
    level: int
    asked_at: int
    line: str
    moot: bool


def digests_due(store: Store, at: datetime) -> list[str]:
    """Return the recipients whose digests are due."""
    with store.looking() as tx:
        return [row.recipient for row in tx.rows(DIGESTS_DUE, at=to_micros(at))]


def waiting_notices(store: Store, recipient: str, at: datetime) -> list[WaitingNotice]:
    """Return the notices whose digest is due, highest level first."""
    with store.looking() as tx:
        rows = tx.rows(WAITING, recipient=recipient, at=to_micros(at))
    return [
        WaitingNotice(row.case_id, row.number, row.seq, row.level, row.asked_at, row.line, bool(row.moot))
        for row in rows
    ]


def assign_digest(store: Store, mail: ComposedMail, notices: Sequence[WaitingNotice], at: datetime) -> bool:
    """Queue a digest that carries these notices, and forget those that are moot.

    Return False, and change nothing, if another process has assigned one of them.
    """
    live = [_where(notice, mail.recipient) | {"mail": mail.key} for notice in notices if not notice.moot]
    moot = [_where(notice, mail.recipient) for notice in notices if notice.moot]
    try:
        with store.writing() as tx:
            if sum(tx.run(ASSIGN, **row) for row in live) != len(live):
                raise Conflict
            tx.run_all(FORGET, moot)
            if live:
                compose_in(tx, [mail], to_micros(at), to_micros(at))
    except Conflict:
        return False
    return True


def _where(notice: WaitingNotice, recipient: str) -> dict[str, Any]:
    return {"case_id": notice.case_id, "seq": notice.seq, "recipient": recipient}
