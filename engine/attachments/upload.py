"""Takes files in for a case: checks them, keeps their contents, then enters them; and removes what nothing names."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import UNLIMITED, find_case, known_cases
from engine.actors import acting
from engine.attachments.content_files import ContentFiles, content_files, salted_digest
from engine.attachments.content_types import USUAL, Limits, checked_type, checked_types
from engine.attachments.file_names import safe_name
from engine.attachments.thumbnails import thumbnail_of
from engine.contention import in_transaction
from engine.entry_checks import check_case_number, check_key
from engine.ledger.chain import keyed, new_salt
from engine.ledger.journal import journal_row
from engine.settings import Settings
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

ID_DIGITS = 32
"""128 random bits, in hex."""
COLUMNS = "id, case_id, name, type, size, salt, digest, thumbnail, uploaded_by, uploaded_at"
ADD = f"INSERT INTO attachment ({COLUMNS}) VALUES ({', '.join(':' + name for name in COLUMNS.split(', '))})"
FIND = f"SELECT {COLUMNS}, erased_at FROM attachment WHERE id = :id"
COUNT = "SELECT count(*) AS n FROM attachment WHERE case_id = :case_id"
LOCK_CASE = "SELECT id FROM cases WHERE id = :case_id FOR UPDATE"
NAMED = "SELECT 1 AS one FROM transition WHERE case_id = :case_id AND form LIKE :name LIMIT 1"
REMOVE = "DELETE FROM attachment WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a door receives it: the name that came with it, which nothing trusts, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was taken in and waits for the move that names it. ``again`` says that it had been before."""

    id: str
    name: str
    type: str
    size: int
    digest: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file whose name and type are known, under the id that it will have."""

    id: str
    name: str
    type: str
    content: bytes


def limits_of(settings: Settings) -> Limits:
    """Return what the settings admit. Raises ``Refused('bad_attachment_types')``."""
    types = USUAL if settings.attachment_types is None else checked_types(settings.attachment_types)
    return Limits(types, settings.attachment_bytes, settings.attachments_per_case)


def upload(
    store: Store,
    principal: Principal,
    number: str,
    files: Sequence[Upload],
    limits: Limits,
    at: datetime,
    key: str | None = None,
) -> list[Uploaded]:
    """Take files in for a case. All of them are there when this returns, or none is entered.

    ``key`` makes it idempotent: the ids follow from it, so a repeated upload finds the files of the first.

    Contents are written before their rows: whoever is killed between leaves contents that ``remove_orphans`` collects.

    Raises ``Refused('unknown_case' | 'scope_missing' | 'too_many_attachments' | 'key_reused')``, and what
    ``checked_type`` raises.
    """
    check_case_number(number)
    check_key(key)
    if not files:
        raise Refused("no_attachment")
    checked = [_checked(store, number, file, limits, key, place) for place, file in enumerate(files)]
    with store.looking() as tx:
        case_id = _admitted(tx, principal, number, checked, limits, at)
        entered = {file.id for file in checked if tx.row(FIND, id=file.id) is not None}
    contents = content_files(store)
    rows = {file.id: _kept(contents, file, case_id) for file in checked if file.id not in entered}

    def enter(tx: Tx) -> list[Uploaded]:
        if tx.postgres:
            tx.rows(LOCK_CASE, case_id=case_id)  # two uploads at once do not exceed the limit together
        _admitted(tx, principal, number, checked, limits, at)
        return [_entered(tx, file, rows.get(file.id), principal, to_micros(at)) for file in checked]

    try:
        return in_transaction(store, enter)
    except Refused:
        _remove(contents, rows.values())
        raise


def _checked(store: Store, number: str, file: Upload, limits: Limits, key: str | None, place: int) -> _Checked:
    name = safe_name(file.name)
    type_ = checked_type(name, file.content, limits)
    keyed_id = None if key is None else keyed(store.secret, "attachment", number, key, str(place))
    return _Checked((keyed_id or os.urandom(ID_DIGITS // 2).hex())[:ID_DIGITS], name, type_, file.content)


def _admitted(
    tx: Tx, principal: Principal, number: str, files: Sequence[_Checked], limits: Limits, at: datetime
) -> int:
    """Return the id of the case, if the principal may add so many files to it."""
    acting(tx, principal.actor.handle, to_micros(at))
    if principal.kind not in UNLIMITED:
        refuse_without(principal, Scope.WRITE_CASES)
    case = find_case(tx, number, known_cases(principal, at))
    new = [file for file in files if tx.row(FIND, id=file.id) is None]
    if tx.row(COUNT, case_id=case.id).n + len(new) > limits.per_case:
        raise Refused("too_many_attachments", number=number, limit=limits.per_case)
    return case.id


def _kept(contents: ContentFiles, file: _Checked, case_id: int) -> dict[str, Any]:
    """Write the content and its thumbnail; return the row that is to be entered."""
    salt = new_salt()
    row: dict[str, Any] = {"id": file.id, "case_id": case_id, "name": file.name, "type": file.type}
    row |= {"size": len(file.content), "salt": salt, "digest": salted_digest(salt, file.content), "thumbnail": None}
    contents.put(row["digest"], file.content)
    small = thumbnail_of(file.type, file.content)
    if small is not None:
        row["thumbnail"] = salted_digest(salt, small)
        contents.put(row["thumbnail"], small)
    return row


def _entered(tx: Tx, file: _Checked, row: dict[str, Any] | None, principal: Principal, at: int) -> Uploaded:
    known = tx.row(FIND, id=file.id)
    if known is not None:
        return _again(known, file)
    assert row is not None
    tx.run(ADD, **row, uploaded_by=principal.actor.id, uploaded_at=at)
    journal_row(tx, "attachment", (file.id,), principal.actor.handle, at)
    return Uploaded(file.id, file.name, file.type, row["size"], row["digest"])


def _again(known: Any, file: _Checked) -> Uploaded:
    """Return the file that the first upload with this key entered. Raises ``Refused('key_reused')`` for another one."""
    same = known.salt is not None and salted_digest(bytes(known.salt), file.content) == known.digest
    if not same or known.name != file.name:
        raise Refused("key_reused", key=file.name)
    return Uploaded(known.id, known.name, known.type, known.size, known.digest, again=True)


def discard(store: Store, uploaded: Sequence[Uploaded], handle: str, at: datetime) -> None:
    """Remove files that this upload entered and that no move names, because the move was refused."""
    mine = [file.id for file in uploaded if not file.again]
    remove_unnamed(store, lambda tx: [row for name in mine if (row := tx.row(FIND, id=name)) is not None], handle, at)


def remove_unnamed(store: Store, which: Callable[[Tx], Sequence[Any]], handle: str, at: datetime) -> int:
    """Remove the rows that ``which`` selects and no move names, then their contents; return how many there were."""

    def remove(tx: Tx) -> list[Any]:
        rows = [row for row in which(tx) if row.erased_at is None and not _is_named(tx, row)]
        for row in rows:
            tx.run(REMOVE, id=row.id)
            journal_row(tx, "attachment", (row.id,), handle, to_micros(at))
        return rows

    rows = in_transaction(store, remove)
    _remove(content_files(store), [row._asdict() for row in rows])
    return len(rows)


def _is_named(tx: Tx, row: Any) -> bool:
    """Return whether a move of the case names the attachment."""
    return tx.row(NAMED, case_id=row.case_id, name=f"%{row.id}%") is not None


def _remove(contents: ContentFiles, rows: Iterable[Mapping[str, Any]]) -> None:
    """Remove the contents of rows that are not entered, or not any more."""
    for row in rows:
        for digest in filter(None, (row["digest"], row["thumbnail"])):
            contents.remove(digest)
