"""Takes in what a customer mailed: on the case that his mail answers, or as a new one (A1).

Note [Whose case a mail joins]: whoever has the signed address of a case was written to by us, and his words join it. A
mail that only names a case, by the Message-ID that it answers or by a number in its subject, joins it if it was sent
from the customer's own address: both can be guessed. Anything else opens a case.

A mail is recorded as an arrival under the digest of its Message-ID, so that it is taken once however often it is
fetched, and its case is opened in the transaction that marks the arrival as processed.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.commands.arrivals import Recorded, Source, record, take_due
from engine.commands.follow_up import follow_up_fault
from engine.ledger.chain import keyed
from engine.store import Store
from engine.transaction import Tx
from models.contact import Contact
from models.mail_addresses import mail_address

PREFIX = "mail:"
"""Before the name of a mailbox: the source of its arrivals."""
SIGNATURE_DIGITS = 16
"""64 bits, in hex."""
NUMBER = re.compile(r"\b([a-z]{2}-\d{2}-\d{6,12})\b", re.IGNORECASE)
TAGGED = re.compile(r"([^+@]+)\+([a-z]{2}-\d{2}-\d{6,12})\.([0-9a-f]{16})@(.+)")

CUSTOMER = "SELECT p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number"
ARRIVED = """
SELECT c.number, a.refusal FROM arrival a LEFT JOIN cases c ON c.id = a.case_id
 WHERE a.source = :source AND a.row_id = :row_id AND a.part = 'contact'
"""


@dataclass(frozen=True, slots=True)
class MailClues:
    """What a mail says of the case to which it may belong; all of it may be made up."""

    sender: str
    recipients: Sequence[str] = ()
    answers: Sequence[str] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The case that a mail opened or joined, or the code of why none could; ``new`` is false where it was known."""

    number: str | None
    refusal: str | None
    new: bool


def signed_address(secret: bytes, address: str, number: str) -> str:
    """Return the address to which the customer of a case replies: ``service+cp-26-000123.<signature>@example.com``."""
    mailbox, _, domain = address.rpartition("@")
    return f"{mailbox}+{number}.{_signature(secret, number)}@{domain}"


def case_of_mail(tx: Tx, secret: bytes, clues: MailClues) -> str | None:
    """Return the number of the case that a mail joins; None where it opens one. See Note [Whose case a mail joins]."""
    sender = mail_address(clues.sender).normal
    for number in _signed(secret, clues.recipients):
        if not follow_up_fault(tx, number):
            return number
    for number in _named(clues):
        customer = tx.row(CUSTOMER, number=number)
        own = customer is not None and customer.email and mail_address(customer.email).normal == sender
        if own and sender is not None and not follow_up_fault(tx, number):
            return number
    return None


def take_contact(store: Store, source: Source, contact: Contact, clues: MailClues, at: datetime) -> Taken:
    """Open a case for a mail, or record its words on the case that it joins; as ``take_joining``."""
    return take_joining(store, source, contact, lambda tx: case_of_mail(tx, store.secret, clues), at)


def take_joining(
    store: Store, source: Source, contact: Contact, case_of: Callable[[Tx], str | None], at: datetime
) -> Taken:
    """Open a case for a contact, or record its words on the case that it joins; once, however often it is called.

    Raises ``Refused`` where the database can do nothing now; then the contact is to be given again.
    """
    with store.looking() as tx:
        known = tx.row(ARRIVED, source=source.name, row_id=contact.row_id)
        number = None if known is not None else case_of(tx)
    recorded = Recorded(0, 1, 0)
    if known is None:
        joined = contact.model_copy(update={"case": number})
        recorded = record(store, source, [joined], keep_good=True)
    while take_due(store, at):
        pass
    with store.looking() as tx:
        arrived = tx.row(ARRIVED, source=source.name, row_id=contact.row_id)
    return Taken(arrived.number, arrived.refusal, new=recorded.new > 0)


def _signature(secret: bytes, number: str) -> str:
    return keyed(secret, "reply address", number)[:SIGNATURE_DIGITS]


def _signed(secret: bytes, recipients: Iterable[str]) -> Iterator[str]:
    for recipient in recipients:
        tagged = TAGGED.fullmatch(recipient.casefold())
        if tagged is not None and hmac.compare_digest(tagged[3], _signature(secret, tagged[2])):
            yield tagged[2]


def _named(clues: MailClues) -> Iterator[str]:
    """Yield the numbers of cases that a mail names, each once: of the mails that it answers, and of its subject."""
    answered = [key.split(":")[0] for key in clues.answers]
    yield from dict.fromkeys([*answered, *map(str.casefold, NUMBER.findall(clues.subject))])
