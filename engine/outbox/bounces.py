"""Records that a message to a customer came back, so that the promises which it had met are open again (A5).

A bounce is believed only for a mail that we sent: its key must be in the outbox as sent, and one of its addresses must
be the customer's. Everything else is counted and changes nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from engine.actors import SYSTEM
from engine.commands.advance import advance_in
from engine.commands.command import Command
from engine.contention import in_transaction
from engine.outbox.mails import BOUNCED, SENT
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

VIA = "import"

SENT_MAIL = "SELECT recipient, outcome FROM mail WHERE key = :key"
DELIVERED = """
SELECT 1 AS found FROM delivery d JOIN cases c ON c.id = d.case_id
 WHERE c.number = :number AND d.seq = :seq AND d.reaction = :reaction AND d.status = 'done'
"""
MOVE = """
SELECT c.kind, t.move, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND t.seq = :seq
"""
ADDRESSES = """
SELECT p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = ANY(:numbers) AND p.email IS NOT NULL
"""
CAME_BACK = "UPDATE mail SET outcome = 'bounced', settled_at = :at WHERE key = :key AND outcome = 'sent'"


class BounceOutcome(StrEnum):
    """What became of a bounce: the case recorded it, it did before, no promise hangs on the mail, or it is not ours."""

    RECORDED = "recorded"
    KNOWN = "known"
    NO_PROMISE = "no_promise"
    NOT_OURS = "not_ours"


def record_bounce(store: Store, key: str, addresses: frozenset[str], at: datetime) -> BounceOutcome:
    """Record that the mail of this key did not reach the customer; ``addresses`` are those that the report names."""
    return in_transaction(store, lambda tx: _record(tx, store.secret, key, addresses, at))


def _record(tx: Tx, secret: bytes, key: str, addresses: frozenset[str], at: datetime) -> BounceOutcome:
    number, seq, reaction = _parts(key)
    mail = tx.row(SENT_MAIL, key=key) if number else None
    if mail is None:  # a receipt or the like leaves no row once it is sent
        found = number and tx.row(DELIVERED, number=number, seq=seq, reaction=reaction)
        return BounceOutcome.NO_PROMISE if found else BounceOutcome.NOT_OURS
    if mail.outcome == BOUNCED:
        return BounceOutcome.KNOWN
    move = tx.row(MOVE, number=number, seq=seq)
    if mail.recipient or mail.outcome != SENT or move is None:
        return BounceOutcome.NO_PROMISE
    if addresses.isdisjoint(_addresses(tx, number, move)):
        return BounceOutcome.NOT_OURS
    tx.run(CAME_BACK, key=key, at=to_micros(at))
    form = {"message": seq, "cause": BOUNCED}
    command = Command(number, "message_undelivered", form, SYSTEM, VIA, f"{number}:{seq}:bounce")
    try:
        with tx.savepoint():
            advance_in(tx, secret, command, at)
    except Refused as refused:
        if refused.code != "no_such_message":
            raise
        return BounceOutcome.NO_PROMISE
    return BounceOutcome.RECORDED


def _parts(key: str) -> tuple[str, int, str]:
    """Return case, sequence and reaction of a mail's key; empty if it is the key of no delivery."""
    number, _, rest = key.partition(":")
    seq, _, rest = rest.partition(":")
    reaction = rest.partition(":")[0]
    small = seq.isascii() and seq.isdigit() and len(seq) <= 9
    return (number, int(seq), reaction) if small and reaction else ("", 0, "")


def _addresses(tx: Tx, number: str, move: Any) -> set[str]:
    """Return the addresses to which the message went: the customer's, or that of the case which the form names."""
    table, form = lifecycle_of(move.kind), orjson.loads(move.form)
    fields = {row.speaks.customer_of for row in table.rows.get(table.resolver.move(move.move), ()) if row.speaks}
    numbers = [number, *(form[name] for name in fields if name in form)]
    return {row.email.strip().casefold() for row in tx.rows_among(ADDRESSES, numbers=numbers)}
