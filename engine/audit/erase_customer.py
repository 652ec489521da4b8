"""Erases a customer's name, number and address, and the texts of mails about a case (H1).

Note [Who is erased]: a customer is a person, and his parties have his numbers and addresses. All of them are erased,
with the keys by which he is recognised: whoever gives the same again is a new customer. While a case of any of them is
open, people work with it, and all of them are kept.
"""

from dataclasses import dataclass

from engine.commands.customer_party import LOCK
from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.mail_marks import ERASED, OF_CASE

PERSON = "SELECT coalesce(p.person_id, p.id) AS id FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :case_id"
PARTIES = "SELECT id, phone_key, email_key, erased_at FROM party WHERE id = :person OR person_id = :person ORDER BY id"
OPEN_CASE = """
SELECT 1 AS one FROM party p JOIN cases c ON c.party_id = p.id
 WHERE (p.id = :person OR p.person_id = :person) AND NOT c.closed LIMIT 1
"""
ERASE = """
UPDATE party SET name = NULL, phone = NULL, email = NULL, identity = NULL, phone_key = NULL, email_key = NULL,
       birthday = NULL, erased_at = :at, erasure_reason = :reason
 WHERE id = :id AND erased_at IS NULL
"""
FORGET_QUESTIONS = """
DELETE FROM same_person WHERE same IS NULL AND (party_id = ANY(:ids) OR other_id = ANY(:ids))
RETURNING party_id, other_id
"""
ERASE_MAILS = f"""
UPDATE mail SET outcome = '{ERASED}', settled_at = :at, subject = '', body = '', next_at = NULL,
       erasure_reason = :reason
 WHERE (key LIKE :keys OR recipient = :customer) AND (subject <> '' OR body <> '') RETURNING key
"""


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """Who erases, why, and when in microseconds."""

    handle: str
    reason: str
    at: int


def erase_customer_in(tx: Tx, case_id: int, order: ErasureOrder) -> bool | None:
    """Erase the customer of a case. See Note [Who is erased].

    Return whether he was erased now, False if an open case of his needs him, None if there is nothing to erase.
    """
    person = tx.row(PERSON, case_id=case_id)
    if person is None:
        return None
    parties = tx.rows(PARTIES, person=person.id)
    if all(party.erased_at is not None for party in parties):
        return None
    if tx.postgres:  # whoever opens a case of this customer waits, and finds him erased; SQLite has one writer
        for key in sorted({key for party in parties for key in (party.phone_key, party.email_key) if key}):
            tx.rows(LOCK, key=key)
    if tx.row(OPEN_CASE, person=person.id) is not None:
        return False
    ids = [party.id for party in parties]
    for party_id in ids:
        if tx.run(ERASE, id=party_id, at=order.at, reason=order.reason) == 1:
            journal_row(tx, "party_erasure", (party_id,), order.handle, order.at)
    for question in tx.rows_among(FORGET_QUESTIONS, ids=ids):
        journal_row(tx, "same_person", (question.party_id, question.other_id), order.handle, order.at)
    return True


def erase_mails_in(tx: Tx, number: str, order: ErasureOrder) -> int:
    """Erase the texts of the mails of a case that were refused or not sent yet, and send them no more.

    Return how many. A mail that was sent keeps no text, and a digest names cases only.
    """
    where = {"keys": f"{number}:%", "customer": f"{OF_CASE}{number}"}
    mails = tx.rows(ERASE_MAILS, **where, at=order.at, reason=order.reason)
    for mail in mails:
        journal_row(tx, "mail_erasure", (mail.key,), order.handle, order.at)
    return len(mails)
