"""Decides which files of his own case somebody without an account opens: by default, none (A10, H3).

Note [Meant for him]: a file is for the customer where he sent it himself, or where a move that told him something
names it. Nothing else is: neither what a department found out nor what is attached as evidence. Whether a file is his
own is read from who took it in, not from who names it: a form of his that names a file of ours does not open it. A file
that waits for a move which never came is nobody's.
"""

from datetime import datetime

from engine.access.principal import OUTSIDERS, Principal
from engine.access.scope import case_for
from engine.actors import CUSTOMER
from engine.attachments.reading import (
    AttachmentView,
    OpenedAttachment,
    attachments_in,
    moves_naming_files,
    open_listed,
)
from engine.ledger.record import CaseRow
from engine.store import Store
from engine.transaction import Tx
from statemachines.customer_messages import tells_own_customer
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused


def files_for_customer(tx: Tx, case: CaseRow) -> dict[str, AttachmentView]:
    """Return by id the attachments of a case that its customer may open. See Note [Meant for him]."""
    sent = _sent_to_customer(tx, case)
    return {
        view.id: view
        for view in attachments_in(tx, case.id)
        if view.id in sent or (view.uploaded_by == CUSTOMER and view.seq is not None)
    }


def open_own_file(
    store: Store, principal: Principal, number: str, attachment_id: str, at: datetime, *, thumbnail: bool = False
) -> OpenedAttachment:
    """Return a file of his case to somebody without an account, or its thumbnail; who read it is logged.

    Every file that is not for him is answered like one that does not exist. Raises ``Refused('unknown_case' |
    'unknown_attachment' | 'attachment_erased' | 'attachment_missing' | 'attachment_altered')``.
    """
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        allowed = files_for_customer(tx, case) if principal.kind in OUTSIDERS else {}
    if attachment_id not in allowed:
        raise Refused("unknown_attachment", number=number, id=attachment_id[:32])
    return open_listed(store, principal, case, attachment_id, at, thumbnail=thumbnail)


def _sent_to_customer(tx: Tx, case: CaseRow) -> set[str]:
    """Return the ids of the attachments that are named by moves which told the customer something."""
    table = lifecycle_of(case.kind)
    found = set[str]()
    for move in moves_naming_files(tx, case.id):
        rows = table.rows.get(table.resolver.move(move.move), ())
        if tells_own_customer(next(iter(rows), None), move.form):
            found.update(move.files)
    return found
