"""Erases the file of an attachment: the record keeps its digest, which says nothing once the salt is gone (H1)."""

from datetime import datetime

from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.actors import administrator
from engine.attachments.content_files import content_files
from engine.attachments.reading import ONE
from engine.contention import in_transaction
from engine.entry_checks import check_text
from engine.ledger.journal import journal_row
from engine.ledger.record import case_by_number
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

ERASE = """
UPDATE attachment SET name = NULL, salt = NULL, thumbnail = NULL, erased_at = :at, erasure_reason = :reason
 WHERE id = :id
"""


def erase_attachment(
    store: Store, principal: Principal, number: str, attachment_id: str, reason: str, at: datetime
) -> None:
    """Erase a file, its thumbnail and its name, which an administrator alone may do; the journal says who did and why.

    Raises ``Refused('unknown_case' | 'unknown_attachment')`` and what ``may_erase`` raises. Doing it again changes
    nothing.
    """

    def erase(tx: Tx) -> tuple[str | None, ...]:
        handle = may_erase(tx, principal, reason)
        case = case_by_number(tx, number)
        row = tx.row(ONE, id=attachment_id, case_id=case.id)
        if row is None:
            raise Refused("unknown_attachment", number=number, id=attachment_id[:32])
        if row.erased_at is None:
            tx.run(ERASE, id=row.id, at=to_micros(at), reason=reason)
            journal_row(tx, "attachment", (row.id,), handle, to_micros(at))
        return row.digest, row.thumbnail

    digests = in_transaction(store, erase)
    contents = content_files(store)
    for digest in filter(None, digests):
        contents.remove(digest)


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
