"""Erases personal texts of a case: the record keeps their digests, which say nothing once the salt is gone (H1).

With all texts of a closed case go its customer, the texts of its mails (``erase_customer.py``) and what was written
about its contacts when they were scored (``engine/conduct/erasure.py``).
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from engine.access.principal import Principal
from engine.attachments.erasure import may_erase
from engine.audit.erase_customer import ErasureOrder, erase_customer_in, erase_mails_in
from engine.conduct.erasure import erase_conduct_in
from engine.contention import in_transaction
from engine.entry_checks import check_case_number
from engine.kept_answers import Answer, answered_once, keyed_request
from engine.ledger.journal import journal_row
from engine.ledger.record import case_by_number
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

TEXTS = "SELECT seq, field, erased_at FROM statement WHERE case_id = :case_id ORDER BY seq, field"
ERASE = """
UPDATE statement SET content = NULL, salt = NULL, erased_at = :at, erasure_reason = :reason
 WHERE case_id = :case_id AND seq = :seq AND field = :field AND erased_at IS NULL
"""
SHOWN = 40
"""How many characters of a field's name are repeated in a refusal."""


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a personal text of a case stands: the step, and the field of its form."""

    seq: int
    field: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased now: texts, how many mails, and the customer.

    ``customer`` is False if another open case of his needs him, None if there was nothing of him to erase.
    """

    texts: list[TextPlace]
    customer: bool | None = None
    mails: int = 0


def erase_texts(
    store: Store,
    principal: Principal,
    number: str,
    reason: str,
    at: datetime,
    place: TextPlace | None = None,
    key: str | None = None,
) -> Erased:
    """Erase one text of a case, or without a place all texts of a closed one, its mails and its customer.

    An administrator alone may do it; the journal says who did, when and why. Raises ``Refused('unknown_case' |
    'unknown_text' | 'case_not_closed' | 'key_reused')`` and what ``may_erase`` raises. Doing it again changes nothing;
    under the same idempotency ``key`` it also gets the same answer.
    """
    check_case_number(number)
    where = None if place is None else [place.seq, place.field]
    request = keyed_request(store, principal, key, f"erase {number}", place=where, reason=reason)

    def erase(tx: Tx) -> Erased:
        order = ErasureOrder(may_erase(tx, principal, reason), reason, to_micros(at))
        answer = answered_once(tx, request, at, lambda: _answer(erase_found(tx, order)))
        texts = [TextPlace(seq, field) for seq, field in answer["erased"]]
        return Erased(texts, answer.get("customer"), answer.get("mails", 0))

    def erase_found(tx: Tx, order: ErasureOrder) -> Erased:
        case = case_by_number(tx, number)
        texts = tx.rows(TEXTS, case_id=case.id)
        if place is None and not case.closed:
            raise Refused("case_not_closed", number=number)
        if place is not None:
            texts = [_text_at(texts, number, place)]
        erased = [TextPlace(row.seq, row.field) for row in texts if row.erased_at is None]
        erased = [text for text in erased if _erase(tx, case.id, text, order)]
        if place is not None:
            return Erased(erased)
        erase_conduct_in(tx, case.id, order.handle, order.at)
        return Erased(erased, erase_customer_in(tx, case.id, order), erase_mails_in(tx, number, order))

    return in_transaction(store, erase)


def _answer(erased: Erased) -> Answer:
    texts = [astuple(text) for text in erased.texts]
    return {"erased": texts, "customer": erased.customer, "mails": erased.mails}


def _erase(tx: Tx, case_id: int, text: TextPlace, order: ErasureOrder) -> bool:
    """Erase a text and enter it; return False if somebody else has erased it meanwhile."""
    key = {"case_id": case_id, "seq": text.seq, "field": text.field}
    if tx.run(ERASE, **key, at=order.at, reason=order.reason) != 1:
        return False
    journal_row(tx, "erasure", tuple(key.values()), order.handle, order.at)
    return True


def _text_at(texts: list[Any], number: str, place: TextPlace) -> Any:
    for row in texts:
        if (row.seq, row.field) == (place.seq, place.field):
            return row
    known = [f"{row.seq} {row.field}" for row in texts]
    raise Refused("unknown_text", number=number, seq=place.seq, field=place.field[:SHOWN], known=known)
