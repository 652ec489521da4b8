"""Erases the file of an attachment: the record keeps its digest, which says nothing once the salt is gone (H1)."""

from datetime import datetime
from typing import Any

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.actors import administrator
from engine.attachments.content_files import content_files
from engine.attachments.reading import ONE
from engine.contention import in_transaction
from engine.entry_checks import check_case_number, check_text
from engine.kept_answers import Answer, answered_once, keyed_request
from engine.ledger.journal import journal_row
from engine.ledger.record import case_by_number
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

ERASE = """
UPDATE attachment SET name = NULL, salt = NULL, thumbnail = NULL, erased_at = :at, erasure_reason = :reason
 WHERE id = :id AND erased_at IS NULL
"""


def erase_attachment(
    store: Store,
    principal: Principal,
    number: str,
    attachment_id: str,
    reason: str,
    at: datetime,
    key: str | None = None,
) -> bool:
    """Erase a file, its thumbnail and its name; return False if it was erased before (H1).

    An administrator alone may do it; the journal says who did, when and why. Raises ``Refused('unknown_case' |
    'unknown_attachment' | 'key_reused' | 'attachments_away')`` and what ``may_erase`` raises. Doing it again changes
    nothing; under the same idempotency ``key`` it also gets the same answer.
    """
    check_case_number(number)
    request = keyed_request(store, principal, key, f"erase {number} {attachment_id}", reason=reason)
    digests: list[str] = []

    def erase(tx: Tx) -> Answer:
        handle = may_erase(tx, principal, reason)
        row = tx.row(ONE, id=attachment_id, case_id=case_by_number(tx, number).id)
        if row is None:
            raise Refused("unknown_attachment", number=number, id=attachment_id[:32])
        digests[:] = filter(None, (row.digest, row.thumbnail))
        return answered_once(tx, request, at, lambda: {"erased": _erase(tx, row, reason, handle, at)})

    answer = in_transaction(store, erase)
    contents = content_files(store)
    for digest in digests:
        contents.remove(digest)
    return answer["erased"]


def _erase(tx: Tx, row: Any, reason: str, handle: str, at: datetime) -> bool:
    """Empty the row of an attachment and enter it in the journal; return False if it is empty already."""
    if tx.run(ERASE, id=row.id, at=to_micros(at), reason=reason) != 1:
        return False
    journal_row(tx, "attachment", (row.id,), handle, to_micros(at))
    return True


def may_erase(tx: Tx, principal: Principal, reason: str) -> str:
    """Return the handle of an administrator who gives a reason to erase something; he need not see what it is.

    Raises ``Refused('scope_missing' | 'not_a_person' | 'not_in_charge' | 'no_reason' | 'bad_text')`` and what
    ``administrator`` raises.
    """
    refuse_without(principal, Scope.ADMINISTER)
    handle = administrator(tx, principal.actor.handle).handle
    if not reason.strip():
        raise Refused("no_reason")
    check_text("reason", reason)
    return handle
