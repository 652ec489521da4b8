"""Signed addresses by which whoever is alerted acknowledges: he answers the mail with one word (B11).

An address names one alert and is sealed for one person. It acknowledges from his own mail address alone, with the word
that the mail asks for: an automatic answer that does not say what it is acknowledges nothing.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.principal import Principal, PrincipalKind
from engine.actors import FIND, acting_of
from engine.ledger.chain import keyed
from engine.outbox.duty_alerts import acknowledge
from engine.outbox.duty_links import VALID
from engine.store import Store
from models.columns import LARGEST, from_micros
from models.mail_addresses import mail_address
from statemachines.refused import Refused

VIA: Final = "mail"
SEAL_DIGITS = 16
"""64 bits, in hex: the part of an address before its domain has at most 64 characters."""
KEY = re.compile(r"duty:([1-9]\d{0,17}):([1-9]\d{0,8}):(\d):([^:]+)")
TAGGED = re.compile(r"[^+@]+\+alert\.([1-9]\d{0,17})\.([1-9]\d{0,8})\.(\d)\.([0-9a-f]{16})@.+", re.ASCII)
WORDS = frozenset(
    {"ok", "okay", "ack", "acknowledge", "acknowledged", "确认", "確認", "收到", "已收到", "已确认", "已確認"}
)
AROUND = " \t.!,。！，、\u3000"
ALERT = """
SELECT c.number, a.people, a.raised_at FROM duty_alert a JOIN cases c ON c.id = a.case_id
 WHERE a.case_id = :case_id AND a.seq = :seq AND a.level = :level
"""
ADDRESS = "SELECT email FROM actor WHERE handle = :handle"


@dataclass(frozen=True, slots=True)
class AlertReply:
    """A mail to the signed address of an alert: from whom, and what he wrote."""

    sealed: re.Match[str]
    sender: str
    text: str


def reply_address(secret: bytes, address: str, key: str) -> str:
    """Return the address by which the reader of the mail with this key acknowledges; empty for any other mail."""
    found = KEY.fullmatch(key)
    if found is None:
        return ""
    mailbox, _, domain = address.rpartition("@")
    alert = f"{found[1]}.{found[2]}.{found[3]}"
    return f"{mailbox}+alert.{alert}.{_seal(secret, alert, found[4])}@{domain}"


def alert_reply(recipients: Iterable[str], sender: str, text: str) -> AlertReply | None:
    """Return the mail as an answer to an alert, whether or not it is to be believed; None for any other mail."""
    for recipient in recipients:
        if (found := TAGGED.fullmatch(recipient.casefold())) is not None:
            return AlertReply(found, sender, text)
    return None


def acknowledge_by_reply(store: Store, reply: AlertReply, at: datetime) -> int:
    """Acknowledge as whoever answered; return how many alerts that were, 0 where he had done so before.

    Raises ``Refused('alert_reply_unknown')`` for an address that is not of an alert of the last day or not of the
    sender, ``'alert_reply_unclear'`` for a text that does not begin with the word, and what ``acknowledge`` raises.
    """
    names = zip(("case_id", "seq", "level"), reply.sealed.groups(), strict=False)
    alert = ".".join(reply.sealed.group(1, 2, 3))
    with store.looking() as tx:
        row: Any = tx.row(ALERT, **{name: min(int(text), LARGEST) for name, text in names})
        if row is None or from_micros(row.raised_at) + VALID < at:
            raise Refused("alert_reply_unknown")
        seals = ((person, _seal(store.secret, alert, person)) for person in row.people.split())
        handle = next((person for person, seal in seals if hmac.compare_digest(seal, reply.sealed[4])), None)
        own = tx.row(ADDRESS, handle=handle) if handle is not None else None
        if own is None or not own.email or mail_address(own.email).normal != mail_address(reply.sender).normal:
            raise Refused("alert_reply_unknown")
        actor = acting_of(tx.row(FIND, handle=handle))
    if not says_so(reply.text):
        raise Refused("alert_reply_unclear")
    return acknowledge(store, Principal(actor, PrincipalKind.PERSON, VIA), row.number, at)


def says_so(text: str) -> bool:
    """Return whether the first line of an answer is nothing but the word that acknowledges."""
    first = next((line for line in text.splitlines() if line.strip(AROUND)), "")
    return first.strip(AROUND).casefold() in WORDS


def _seal(secret: bytes, alert: str, handle: str) -> str:
    return keyed(secret, "alert reply", alert, handle)[:SEAL_DIGITS]
