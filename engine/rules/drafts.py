"""Prepare packs, calendars and questionnaires as drafts: one person proposes, another one publishes or declines (F4).

A draft belongs to who made it. Its text is fixed while it is submitted; whoever decides decides on what he has seen,
for each change raises ``revision`` and each act names the revision that it is about. What is sent twice is done once.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from engine.actors import Acting, known_actor
from engine.contention import in_transaction
from engine.entry_checks import SHOWN, check_text
from engine.ledger.journal import journal_row
from engine.rules.draft_checks import begin_of, check_draft
from engine.rules.editions import editions
from engine.rules.in_force import Sort
from engine.rules.publishing import entitled, publish_in
from engine.rules.rule_texts import text_in_force
from engine.store import Store
from engine.transaction import Tx
from models.columns import LARGEST, from_micros, to_micros
from statemachines.refused import Refused

APPROVED, DECLINED, DISCARDED = "approved", "declined", "discarded"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
FIND = """
SELECT d.id, d.sort, d.name, d.content, d.revision, m.handle AS made_by, d.made_at, d.effective_from, d.reason,
       d.submitted_at, a.handle AS decided_by, d.decided_at, d.decision, d.remark, d.edition_id
  FROM rule_draft d JOIN actor m ON m.id = d.made_by LEFT JOIN actor a ON a.id = d.decided_by
"""
BY_ID = f"{FIND} WHERE d.id = :id"
NEWEST = f"{FIND} ORDER BY d.decided_at IS NOT NULL, d.id DESC LIMIT :most"
APPROVALS = """
SELECT d.edition_id, a.handle FROM rule_draft d JOIN actor a ON a.id = d.decided_by
 WHERE d.edition_id IS NOT NULL AND d.sort = :sort AND d.name = :name
"""
OPEN_OF = f"{FIND} WHERE d.decision IS NULL AND m.handle = :handle AND d.sort = :sort AND d.name = :name"
ADD = """
INSERT INTO rule_draft (sort, name, content, revision, made_by, made_at, reason, remark)
VALUES (:sort, :name, :content, 1, :by, :at, '', '') RETURNING id
"""
CHANGE = """
UPDATE rule_draft SET content = :content, revision = revision + 1, made_at = :made_at, reason = :reason,
       effective_from = :effective_from, submitted_at = :submitted_at, decided_by = :decided_by,
       decided_at = :decided_at, decision = :decision, remark = :remark, edition_id = :edition_id
 WHERE id = :id AND revision = :revision AND decision IS NULL
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A row of ``rule_draft`` with the handles of its people, instants in microseconds."""

    id: int
    sort: str
    name: str
    content: str
    revision: int
    made_by: str
    made_at: int
    effective_from: int | None
    reason: str
    submitted_at: int | None
    decided_by: str | None
    decided_at: int | None
    decision: str | None
    remark: str
    edition_id: int | None

    @property
    def status(self) -> str:
        """Return ``open``, ``submitted``, or the decision: ``approved``, ``declined``, ``discarded``."""
        return self.decision or ("open" if self.submitted_at is None else "submitted")


def drafts(tx: Tx, most: int) -> list[DraftRow]:
    """Return the drafts, those that are undecided first, then the newest first."""
    return [DraftRow(*row) for row in tx.rows(NEWEST, most=most)]


def approvals(tx: Tx, sort: str, name: str) -> dict[int, str]:
    """Return who approved which edition of a name, by the id of the edition; not those published without a draft."""
    return {row.edition_id: row.handle for row in tx.rows(APPROVALS, sort=sort, name=name)}


def draft_of(tx: Tx, draft_id: int) -> DraftRow:
    """Return a draft. Raises ``Refused('unknown_draft')``."""
    row = tx.row(BY_ID, id=draft_id) if 0 < draft_id <= LARGEST else None
    if row is None:
        raise Refused("unknown_draft", number=str(draft_id)[:SHOWN])
    return DraftRow(*row)


def start_draft(store: Store, sort: Sort, name: str, by: str, at: datetime) -> int:
    """Begin a draft with the text in force, or an empty one under a new name; return its id.

    Who has an undecided draft of that name gets that one. Raises ``Refused('not_evaluation_group' | 'bad_rule_name')``.
    """
    if not NAME.fullmatch(name):
        raise Refused("bad_rule_name", name=name[:SHOWN])

    def start(tx: Tx) -> int:
        actor, now = entitled(tx, by, at), to_micros(at)
        if (known := tx.row(OPEN_OF, handle=by, sort=sort.value, name=name)) is not None:
            return DraftRow(*known).id
        content = text_in_force(tx, sort, name, now).content
        row = tx.row(ADD, sort=sort.value, name=name, content=content, by=actor.id, at=now)
        journal_row(tx, "rule_draft", (row.id,), by, now)
        return row.id

    return in_transaction(store, start)


def save_draft(store: Store, draft_id: int, revision: int, content: str, by: str, at: datetime) -> None:
    """Keep the text as it is, faults included; they are shown until the text is sound, and keep it from submission.

    Raises ``Refused('not_own_draft' | 'draft_submitted' | 'draft_decided' | 'draft_changed' | 'bad_text')``.
    """
    check_text("content", content)
    with store.writing() as tx:
        draft = _own(tx, draft_id, by, at)
        if draft.content == content and draft.decision is None:
            return
        if draft.status == "submitted":
            raise Refused("draft_submitted")
        _change(tx, draft, revision, by, at, content=content, made_at=to_micros(at))


def submit_draft(
    store: Store, draft_id: int, revision: int, by: str, at: datetime, reason: str, on: date | None, zone: ZoneInfo
) -> None:
    """Submit a sound text for approval: why, and from which day on; without a day, from the approval on.

    A day begins in the zone of the pack, else in ``zone``; today means from the approval on. Raises as
    ``save_draft``, and what refuses a publication (``engine.rules.publishing.publish``).
    """
    check_text("reason", reason)
    with store.writing() as tx:
        draft = _own(tx, draft_id, by, at)
        if draft.status == "submitted":
            return
        if not reason.strip():
            raise Refused("no_reason")
        begins = _begins(draft, at, on, zone)
        check_draft(tx, draft, at, begins or at)
        since = None if begins is None else to_micros(begins)
        values = {"reason": reason.strip(), "effective_from": since, "submitted_at": to_micros(at)}
        _change(tx, draft, revision, by, at, **values)


def take_back_draft(store: Store, draft_id: int, revision: int, by: str, at: datetime) -> None:
    """Take a submitted draft back, to work on it again. Raises as ``save_draft``."""
    with store.writing() as tx:
        draft = _own(tx, draft_id, by, at)
        if draft.status != "open":
            _change(tx, draft, revision, by, at, submitted_at=None, effective_from=None)


def discard_draft(store: Store, draft_id: int, revision: int, by: str, at: datetime) -> None:
    """Give a draft up for good. Raises as ``save_draft``."""
    with store.writing() as tx:
        draft = _own(tx, draft_id, by, at)
        if draft.status != DISCARDED:
            actor = known_actor(tx, by)
            _change(tx, draft, revision, by, at, **_decided(actor, at, DISCARDED))


def approve_draft(store: Store, draft_id: int, revision: int, by: str, at: datetime) -> None:
    """Publish a submitted draft in the name of who made it; the draft names who approved it, too.

    Raises ``Refused('own_draft' | 'draft_not_submitted' | 'draft_decided' | 'draft_changed')``, and what refuses a
    publication, such as a day that is past by now.
    """
    with store.writing() as tx:
        actor, draft = entitled(tx, by, at), draft_of(tx, draft_id)
        if (draft.status, draft.decided_by) == (APPROVED, by):
            return
        _check_decision(draft, revision, by)
        begins = at if draft.effective_from is None else from_micros(draft.effective_from)
        maker = known_actor(tx, draft.made_by)
        publish_in(tx, lambda tx: check_draft(tx, draft, at, begins), maker, at, begins, draft.reason)
        edition = editions(tx, draft.sort, draft.name)[-1]
        _change(tx, draft, revision, by, at, edition_id=edition.id, **_decided(actor, at, APPROVED))


def decline_draft(store: Store, draft_id: int, revision: int, by: str, at: datetime, remark: str) -> None:
    """Decline a submitted draft, with a reason. Raises as ``approve_draft``, and ``Refused('no_reason')``."""
    check_text("remark", remark)
    with store.writing() as tx:
        actor, draft = entitled(tx, by, at), draft_of(tx, draft_id)
        if (draft.status, draft.decided_by) == (DECLINED, by):
            return
        _check_decision(draft, revision, by)
        if not remark.strip():
            raise Refused("no_reason")
        _change(tx, draft, revision, by, at, remark=remark.strip(), **_decided(actor, at, DECLINED))


def _begins(draft: DraftRow, at: datetime, on: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the instant from which a draft is to hold; None for the instant of its approval."""
    if on is None:
        begins = begin_of(draft, at)
        return begins if begins > at else None
    zone = begin_of(draft, at).tzinfo if draft.sort == Sort.PACK else zone  # pyright: ignore[reportAssignmentType]
    return None if at.astimezone(zone).date() == on else datetime.combine(on, time(), zone)


def _own(tx: Tx, draft_id: int, by: str, at: datetime) -> DraftRow:
    """Return a draft to who made it. Raises ``Refused``."""
    entitled(tx, by, at)
    draft = draft_of(tx, draft_id)
    if draft.made_by != by:
        raise Refused("not_own_draft", handle=draft.made_by)
    return draft


def _check_decision(draft: DraftRow, revision: int, by: str) -> None:
    if draft.decision is not None:
        raise Refused("draft_decided")
    if draft.revision != revision:
        raise Refused("draft_changed")
    if draft.submitted_at is None:
        raise Refused("draft_not_submitted")
    if draft.made_by == by:
        raise Refused("own_draft", handle=by)


def _decided(actor: Acting, at: datetime, decision: str) -> dict[str, Any]:
    return {"decided_by": actor.id, "decided_at": to_micros(at), "decision": decision}


def _change(tx: Tx, draft: DraftRow, revision: int, by: str, at: datetime, **values: Any) -> None:
    """Write columns of a draft, if nobody has changed it since ``revision``. Raises ``Refused``."""
    if draft.decision is not None:
        raise Refused("draft_decided")
    kept = {
        name: getattr(draft, name)
        for name in ("content", "made_at", "reason", "effective_from", "submitted_at", "remark", "edition_id")
    }
    undecided = {"decided_by": None, "decided_at": None, "decision": None}
    if tx.row(CHANGE, id=draft.id, revision=revision, **(kept | undecided | values)) is None:
        raise Refused("draft_changed")
    journal_row(tx, "rule_draft", (draft.id,), by, to_micros(at))
