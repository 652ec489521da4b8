"""Checks the attachments that a form names, and puts the digest of each file beside its id: so it is chained (A10)."""

from datetime import timedelta
from typing import Any

from engine.ledger.record import CaseRow
from engine.transaction import Tx
from statemachines.form_model import ATTACHED, Form, marked
from statemachines.refused import Refused

VALID_FOR = timedelta(days=1)
"""How long an uploaded file may wait for the move that names it; later it is removed as an orphan."""

ROWS = "SELECT id, case_id, digest, uploaded_at, erased_at FROM attachment WHERE id = ANY(:ids)"
NAMED = "SELECT 1 AS one FROM transition WHERE case_id = :case_id AND form LIKE :name LIMIT 1"


def with_digests(tx: Tx, case: CaseRow, form: Form, at: int) -> Form:
    """Return the form with the digest of each attachment; ``at`` is the instant of the command, in microseconds.

    Raises ``Refused('unknown_attachment' | 'attachment_erased')``.
    """
    fields = [name for name in marked(type(form), ATTACHED) if getattr(form, name) is not None]
    if not fields:
        return form
    return form.model_copy(update={name: _recorded(tx, case, ids_in(getattr(form, name)), at) for name in fields})


def without_digests(form: Form) -> Form:
    """Return the form of a move that another system recorded: this store does not have the files."""
    fields = [name for name in marked(type(form), ATTACHED) if getattr(form, name) is not None]
    return form.model_copy(update={name: " ".join(ids_in(getattr(form, name))) for name in fields}) if fields else form


def ids_in(value: str) -> list[str]:
    """Return the ids that a form's field names, each once."""
    return list(dict.fromkeys(entry.partition(":")[0] for entry in value.split()))


def digests_in(value: str) -> dict[str, str]:
    """Return the digest of each attachment that a recorded field names; none for those of another system."""
    return {name: digest for name, _, digest in (entry.partition(":") for entry in value.split()) if digest}


def _recorded(tx: Tx, case: CaseRow, ids: list[str], at: int) -> str:
    rows = {row.id: row for row in tx.rows_among(ROWS, ids=ids)}
    for name in ids:
        _check(tx, case, name, rows.get(name), at)
    return " ".join(f"{name}:{rows[name].digest}" for name in ids)


def _check(tx: Tx, case: CaseRow, name: str, row: Any, at: int) -> None:
    """Refuse what is no file of this case, or may be removed at any moment because no move has named it in time."""
    if row is None or row.case_id != case.id:
        raise Refused("unknown_attachment", number=case.number, id=name)
    if row.erased_at is not None:
        raise Refused("attachment_erased", number=case.number, id=name)
    if timedelta(microseconds=at - row.uploaded_at) > VALID_FOR and not is_named(tx, case.id, name):
        raise Refused("unknown_attachment", number=case.number, id=name)


def is_named(tx: Tx, case_id: int, name: str) -> bool:
    """Return whether a move of the case names the attachment."""
    return tx.row(NAMED, case_id=case_id, name=f"%{name}%") is not None
