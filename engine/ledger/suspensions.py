"""Record who suspended or released automatic work, when and why; the journal covers each row.

A kind of case is held and released by a manager. The work of one case is suspended by the system when it has failed at
every try, and released by an administrator; a case that went on by itself leaves no release.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.refused import Refused

HELD: Final = "held"
RELEASED: Final = "released"
RELEASE_REASONS: Final = ("cause_mended", "checked", "held_by_mistake", "management_decision")
"""The codes of why a person releases work."""
ALL_RETRIED: Final = "all_retried"
"""The reason of a case that was released because everything was tried again."""
SUBJECT: Final = "suspension"

ADD = """
INSERT INTO suspension (at, act, kind, case_id, work, actor_id, reason)
SELECT :at, :act, :kind, :case_id, :work, a.id, :reason FROM actor a WHERE a.handle = :handle RETURNING id
"""
KIND = "SELECT kind FROM cases WHERE id = :case_id"
SELECT = """
SELECT s.at, s.act, s.kind, s.work, s.reason, a.handle, c.number FROM suspension s JOIN actor a ON a.id = s.actor_id
  LEFT JOIN cases c ON c.id = s.case_id
"""
OF_CASE = f"""
{SELECT} JOIN cases o ON o.id = :case_id
 WHERE s.case_id = o.id OR (s.case_id IS NULL AND s.kind = o.kind AND s.at >= o.opened_at) ORDER BY s.id
"""
NEWEST = f"{SELECT} ORDER BY s.id DESC LIMIT :limit"


@dataclass(frozen=True, slots=True)
class SuspensionEntry:
    """What was held or released when, by whom and why; ``number`` and ``work`` are None where it is a whole kind."""

    at: datetime
    act: str
    kind: str
    work: str | None
    reason: str
    handle: str
    number: str | None


def check_release_reason(reason: str) -> None:
    """Raise ``Refused('no_release_reason')`` unless the code is one of ``RELEASE_REASONS``."""
    if reason not in RELEASE_REASONS:
        raise Refused("no_release_reason", known=list(RELEASE_REASONS))


def record_kind(tx: Tx, act: str, kind: str, handle: str, reason: str, at: int) -> None:
    """Record that a kind was held or released; ``at`` is in microseconds."""
    _add(tx, {"act": act, "kind": kind, "case_id": None, "work": None, "handle": handle, "reason": reason, "at": at})


def record_case(tx: Tx, act: str, case_id: int, work: str, handle: str, reason: str, at: int) -> None:
    """Record that work of a case was suspended or released; ``at`` is in microseconds."""
    kind = tx.row(KIND, case_id=case_id).kind
    row = {"act": act, "kind": kind, "case_id": case_id, "work": work, "handle": handle, "reason": reason, "at": at}
    _add(tx, row)


def suspensions_of(tx: Tx, case_id: int) -> list[SuspensionEntry]:
    """Return what was held and released of a case and of its kind since it was opened, in order."""
    return [_entry(row) for row in tx.rows(OF_CASE, case_id=case_id)]


def newest_suspensions(tx: Tx, limit: int) -> list[SuspensionEntry]:
    """Return what was held and released last, the newest first."""
    return [_entry(row) for row in tx.rows(NEWEST, limit=limit)]


def _add(tx: Tx, row: dict[str, Any]) -> None:
    added = tx.row(ADD, **row)
    journal_row(tx, SUBJECT, (added.id,), row["handle"], row["at"])


def _entry(row: Any) -> SuspensionEntry:
    return SuspensionEntry(from_micros(row.at), row.act, row.kind, row.work, row.reason, row.handle, row.number)
