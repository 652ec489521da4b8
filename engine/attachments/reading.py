"""Lists and opens the attachments of a case, for whoever may see the case; every door opens files by this alone.

Note [A file has no mask]: a photo of a parcel shows names and numbers, and nothing can take them out of it. So whoever
sees the texts of a case only masked opens its files with a reason, as he unmasks a text. Most files were not made for
the customer: which of them his link opens, ``customer_files`` decides.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from engine.access.masking import MASK, Disclosure, PersonalData, disclosure, unmask
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.reading_log import log_reading
from engine.access.scope import UNLIMITED, case_for
from engine.attachments.content_files import content_files, salted_digest
from engine.attachments.thumbnails import THUMBNAIL_TYPE
from engine.commands.complete_form import digests_in
from engine.contention import in_transaction
from engine.ledger.record import CaseRow
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.refused import Refused

COLUMNS = "t.id, t.case_id, t.name, t.type, t.size, t.salt, t.digest, t.thumbnail, t.uploaded_at, t.erased_at"
OF_CASE = f"""
SELECT {COLUMNS}, a.handle AS uploaded_by FROM attachment t JOIN actor a ON a.id = t.uploaded_by
 WHERE t.case_id = :case_id ORDER BY t.uploaded_at, t.id
"""
NAMES = "SELECT id, name FROM attachment WHERE case_id = :case_id"
ONE = f"SELECT {COLUMNS} FROM attachment t WHERE t.id = :id AND t.case_id = :case_id"
NAMING = "SELECT seq, move, form FROM transition WHERE case_id = :case_id AND form LIKE :naming ORDER BY seq"
ID = re.compile(r"[0-9a-f]{32}")
FIELDS = ("attachments",)
"""What the log of readings says was read."""


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An attachment as staff see it. ``seq`` is the first move that names it, None while it waits for one.

    ``name`` is None once the file was erased; ``size`` is in bytes.
    """

    id: str
    name: str | None
    type: str
    size: int
    seq: int | None
    uploaded_by: str
    uploaded_at: datetime
    erased_at: datetime | None
    thumbnail: bool

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OpenedAttachment:
    """A file that is handed out: its safe name, its type, and its content as it was taken in."""

    id: str
    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class NamingMove:
    """A recorded move, its form without its texts, and the ids of the attachments that it names."""

    seq: int
    move: str
    form: dict[str, Any]
    files: tuple[str, ...]


def attachments_of(store: Store, principal: Principal, number: str, at: datetime) -> list[AttachmentView]:
    """Return the attachments of a case, oldest first; names are masked for whoever only reviews the case.

    Raises ``Refused('unknown_case' | 'scope_missing' | 'not_a_person')``.
    """
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        return attachments_seen(tx, case.id, disclosure(tx, principal, case.id, at))


def attachments_seen(tx: Tx, case_id: int, seen: Disclosure) -> list[AttachmentView]:
    """Return the attachments of a case, oldest first, as ``seen`` shows them."""
    views = attachments_in(tx, case_id)
    if PersonalData.TEXTS in seen.clear:
        return views
    return [replace(view, name=masked_name(view.name)) for view in views]


def _log(store: Store, principal: Principal, case: CaseRow, at: datetime, reason: str | None) -> None:
    """Log that a file was read, with the reason of somebody who unmasked it. Raises what ``unmask`` raises."""

    def log(tx: Tx) -> None:
        if reason is not None:
            unmask(tx, principal, case.number, [PersonalData.TEXTS], reason, at)
        log_reading(tx, principal, [case.id], FIELDS, at, reason or "")

    if principal.kind not in UNLIMITED:
        in_transaction(store, log)


def masked_name(name: str | None) -> str | None:
    """Return a name without all but its ending, which says of what type the file is."""
    return name if name is None else f"{MASK}.{name.rpartition('.')[2]}"


def _sees_files(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> bool:
    """Return whether a principal may open the files of a case without a reason. See Note [A file has no mask]."""
    return PersonalData.TEXTS in disclosure(tx, principal, case.id, at).clear


def attachments_in(tx: Tx, case_id: int) -> list[AttachmentView]:
    """Return the attachments of a case that the caller may show, oldest first."""
    rows = tx.rows(OF_CASE, case_id=case_id)
    seqs = _naming(tx, case_id) if rows else {}
    return [
        AttachmentView(
            row.id, row.name, row.type, row.size, seqs.get(row.id), row.uploaded_by, from_micros(row.uploaded_at),
            None if row.erased_at is None else from_micros(row.erased_at), row.thumbnail is not None,
        )
        for row in rows
    ]  # fmt: skip


def names_in(tx: Tx, case_id: int) -> dict[str, str | None]:
    """Return the name of each attachment of a case that the caller may show, by id; an erased one has none."""
    return {row.id: row.name for row in tx.rows(NAMES, case_id=case_id)}


def _naming(tx: Tx, case_id: int) -> dict[str, int]:
    """Return by id the first move that names an attachment."""
    first: dict[str, int] = {}
    for move in moves_naming_files(tx, case_id):
        for name in move.files:
            first.setdefault(name, move.seq)
    return first


def moves_naming_files(tx: Tx, case_id: int) -> Iterator[NamingMove]:
    """Yield the moves of a case that name attachments, in order."""
    for row in tx.rows(NAMING, case_id=case_id, naming='%"attachments":%'):
        form = json.loads(row.form)
        yield NamingMove(row.seq, row.move, form, tuple(digests_in(str(form.get("attachments", "")))))


def open_attachment(
    store: Store,
    principal: Principal,
    number: str,
    attachment_id: str,
    at: datetime,
    *,
    thumbnail: bool = False,
    reason: str | None = None,
) -> OpenedAttachment:
    """Return the content of an attachment, or of its thumbnail, as it was taken in; who read it is logged.

    ``reason`` is why somebody opens a file who only reviews the case. A content that is not the one that was taken in
    is not handed out. See Note [A file has no mask].

    Raises ``Refused('unknown_case' | 'scope_missing' | 'not_a_person' | 'attachment_masked' | 'unknown_attachment' |
    'attachment_erased' | 'attachment_missing' | 'attachment_altered')`` and what ``unmask`` raises.
    """
    refuse_without(principal, Scope.READ_CASES)
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        sees = _sees_files(tx, principal, case, at)
        row = tx.row(ONE, id=attachment_id, case_id=case.id) if ID.fullmatch(attachment_id) else None
    if not sees and reason is None:
        raise Refused("attachment_masked", number=number)
    opened = _opened(store, number, attachment_id, row, thumbnail=thumbnail)
    _log(store, principal, case, at, None if sees else reason)
    return opened


def open_listed(
    store: Store, principal: Principal, case: CaseRow, attachment_id: str, at: datetime, *, thumbnail: bool
) -> OpenedAttachment:
    """Return the content of an attachment that the caller found among those that the principal may open; log it.

    Raises what ``open_attachment`` raises of the file itself.
    """
    with store.looking() as tx:
        row = tx.row(ONE, id=attachment_id, case_id=case.id)
    opened = _opened(store, case.number, attachment_id, row, thumbnail=thumbnail)
    _log(store, principal, case, at, None)
    return opened


def _opened(store: Store, number: str, attachment_id: str, row: Any, *, thumbnail: bool) -> OpenedAttachment:
    """Return the content of a row, if it is the one that was taken in; ``row`` is None where there is none."""
    if row is None or (thumbnail and row.thumbnail is None and row.erased_at is None):
        raise Refused("unknown_attachment", number=number, id=attachment_id[:32])
    if row.erased_at is not None:
        raise Refused("attachment_erased", number=number, id=row.id)
    digest = str(row.thumbnail if thumbnail else row.digest)
    content = content_files(store).get(digest)
    if content is None:
        raise Refused("attachment_missing", number=number, id=row.id)
    if salted_digest(bytes(row.salt), content) != digest:
        raise Refused("attachment_altered", number=number, id=row.id)
    if thumbnail:
        return OpenedAttachment(row.id, f"{row.name.rpartition('.')[0]}.jpg", THUMBNAIL_TYPE, content)
    return OpenedAttachment(row.id, row.name, row.type, content)
