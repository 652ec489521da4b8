"""Hands mails to the gateway one by one, and records those that reach nobody.

Note [Composed once]: the text of a notice depends on the time and on the state of its case. So it is stored before it
is first sent, and whatever sends it again, after a failure or the loss of a process, sends the same text under the same
key (law 3). See ``engine/outbox/mails.py``.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.commands.mail_contacts import NUMBER, signed_address
from engine.outbox.duty_replies import reply_address
from engine.outbox.mails import (
    NO_ADDRESS,
    NO_SERVER,
    REFUSED,
    SENT,
    ComposedMail,
    MailOutcome,
    QueuedMail,
    lease_mails,
    mails_by_key,
    queue_mails,
    settle_mails,
    settle_queued,
)
from engine.store import Store
from flows.group_messages import attempt_group, fallback_addresses, in_place_of_groups
from flows.work import Work, off_loop
from gateways.mail import AddressRefused, Mail
from models.mail_marks import INSTEAD_OF_GROUP, OF_CASE, OF_GROUP

CUSTOMERS = """
SELECT c.number, p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = ANY(:numbers)
"""
QUEUED_AT_ONCE = 100
"""The most queued mails that are sent together."""


class Attempt(NamedTuple):
    """How a try to send a mail ended; ``error`` is what the gateway raised."""

    outcome: MailOutcome
    error: Exception | None


async def attempt(work: Work, mail: Mail, recipient: str) -> Attempt:
    """Try to send a mail to a member of staff, or to a customer (``recipient`` is empty).

    An address that the server refuses for good is none: that is an outcome and no error, for no other try would help.
    """
    try:
        await off_loop(work.mailer.send, replace(mail, reply_to=_reply_address(work, mail.key, recipient)))
    except AddressRefused:
        return Attempt(MailOutcome(mail.key, recipient, NO_ADDRESS), None)
    except Exception as error:  # noqa: BLE001 (the caller records and raises it)
        return Attempt(MailOutcome(mail.key, recipient, REFUSED, _answer(error)), error)
    reached = work.mailer.destination(mail.to).reached
    return Attempt(MailOutcome(mail.key, recipient, SENT if reached else NO_SERVER), None)


def _answer(error: Exception) -> str:
    """Return the code of the mail server, else the type of the error."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else str(code)


async def record_outcomes(work: Work, outcomes: Sequence[MailOutcome]) -> Sequence[None]:
    """Record what became of mails; for ``BatchContext.grouped``."""
    await off_loop(settle_mails, work.store, outcomes, await work.now())
    return [None] * len(outcomes)


async def composed_mails(work: Work, keys: Sequence[str]) -> Sequence[ComposedMail | None]:
    """Return composed mails as they are stored now; for ``BatchContext.grouped``."""
    stored = await off_loop(_stored, work.store, list(set(keys)))
    return [stored.get(key) for key in keys]


async def attempt_composed(work: Work, mail: ComposedMail, address: str) -> Attempt:
    """Try to send a composed mail."""
    return await attempt(work, Mail(mail.key, address, mail.subject, mail.body), mail.recipient)


def _reply_address(work: Work, key: str, recipient: str) -> str:
    """Return the address by which a customer's answer joins his case, or a member of staff acknowledges an alert.

    It is empty in other mails to staff, and where no mailbox for answers is set.
    """
    if work.reply_to and recipient and (to_acknowledge := reply_address(work.store.secret, work.reply_to, key)):
        return to_acknowledge
    number = recipient.removeprefix(OF_CASE) or key.split(":", maxsplit=1)[0]
    to_customer = not recipient or recipient.startswith(OF_CASE)
    if not (work.reply_to and to_customer and NUMBER.fullmatch(number)):
        return ""
    return signed_address(work.store.secret, work.reply_to, number)


async def send_queued(work: Work) -> int:
    """Send the queued mails that are due; returns how many went out. What the gateway does not accept is tried again.

    The address is looked up now: somebody who has none any more is recorded as such.
    """
    sent = 0
    while queued := await off_loop(lease_mails, work.store, await work.now(), QUEUED_AT_ONCE):
        recipients = [one.mail.recipient for one in queued]
        addresses = await off_loop(_addresses, work.store, recipients)
        if any(recipient.startswith(INSTEAD_OF_GROUP) for recipient in recipients):
            addresses |= await fallback_addresses(work)
        ended = await asyncio.gather(*(_attempt_queued(work, one, addresses) for one in queued))
        pairs = list(zip(queued, ended, strict=True))
        await off_loop(queue_mails, work.store, in_place_of_groups(pairs), await work.now())
        await off_loop(settle_queued, work.store, pairs, await work.now())
        sent += sum(outcome.outcome == SENT for outcome in ended)
    return sent


async def _attempt_queued(work: Work, queued: QueuedMail, addresses: dict[str, str | None]) -> MailOutcome:
    mail = queued.mail
    if mail.recipient.startswith(OF_GROUP):
        return await attempt_group(work, queued)
    address = addresses.get(mail.recipient)
    if not address:
        return MailOutcome(mail.key, mail.recipient, NO_ADDRESS)
    return (await attempt_composed(work, mail, address)).outcome


def _addresses(store: Store, recipients: Sequence[str]) -> dict[str, str | None]:
    """Return the address of each member of staff by handle, and of the customers among the recipients."""
    numbers = [recipient.removeprefix(OF_CASE) for recipient in recipients if recipient.startswith(OF_CASE)]
    with store.looking() as tx:
        customers = tx.rows_among(CUSTOMERS, numbers=numbers) if numbers else []
        staff = tx.rows("SELECT handle, email FROM actor")
    return {row.handle: row.email for row in staff} | {f"{OF_CASE}{row.number}": row.email for row in customers}


def _stored(store: Store, keys: list[str]) -> dict[str, ComposedMail]:
    with store.looking() as tx:
        return mails_by_key(tx, keys)
