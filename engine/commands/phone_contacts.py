"""Takes in what comes by a telephone number: messages, and the events of calls (A1).

Note [Whose case a message joins]: a message joins the only open case of its sender's number. With several it is not
known which is meant: it opens a case of its own, linked to each of them. A number of which nothing is known opens one.

Note [One case for a call]: the first event of a call opens its case, whichever it is; each is a note on it, made once
under a key of the call and the event.
"""

from datetime import datetime
from typing import Any

from engine.actors import IMPORT, NOBODY
from engine.commands.advance import advance
from engine.commands.arrivals import Source
from engine.commands.command import Command
from engine.commands.follow_up import RELATION, follow_up_fault
from engine.commands.links import link_in
from engine.commands.mail_contacts import ARRIVED, Taken, take_joining
from engine.contention import in_transaction
from engine.duplicates.recognition import keys_of
from engine.ledger.chain import keyed
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Contact

PREFIX = "channel:"
"""Before the name of a channel: the source of its arrivals."""
VIA = "import"
ROW_ID_DIGITS = 40
OPEN_CASES = """
SELECT c.id, c.number FROM party p JOIN cases c ON c.party_id = p.id
 WHERE p.phone_key = :key AND NOT c.closed AND (CAST(:before AS BIGINT) IS NULL OR c.id < :before) ORDER BY c.id
"""
CASE = "SELECT id FROM cases WHERE number = :number"
LINKED = "SELECT 1 AS one FROM link WHERE child_id = :id AND relation = :relation"
ACTIVE = "SELECT handle FROM actor WHERE handle = :handle AND disabled_at IS NULL"


def row_id_of(secret: bytes, channel: str, parts: tuple[str, ...]) -> str:
    """Return the id of an arrival: a keyed digest, for a provider's id may be a number and a text."""
    return keyed(secret, "channel", channel, *parts)[:ROW_ID_DIGITS]


def take_message(store: Store, source: Source, contact: Contact, at: datetime) -> Taken:
    """Take a message in, once. See Note [Whose case a message joins]. Raises as ``take_joining``."""

    def only_case(tx: Tx) -> str | None:
        found = _open_cases(tx, store.secret, contact)
        return found[0] if len(found) == 1 else None

    taken = take_joining(store, source, contact, only_case, at)
    if taken.number is not None:
        number = taken.number
        in_transaction(store, lambda tx: _link(tx, store.secret, contact, number, to_micros(at)))
    return taken


def known_call(store: Store, source: Source, row_id: str) -> str | None:
    """Return the number of the case that a call has opened."""
    with store.looking() as tx:
        row = tx.row(ARRIVED, source=source.name, row_id=row_id)
    return None if row is None else row.number


def open_call(store: Store, source: Source, contact: Contact, at: datetime) -> Taken:
    """Open the case of a call. Raises as ``take_joining``."""
    return take_joining(store, source, contact, lambda _: None, at)


def note_event(store: Store, number: str, note: str, by: str, key: str, at: datetime) -> bool:
    """Note an event of a call on its case as a member of staff; return False where it was noted before.

    Raises ``Refused`` as ``advance`` does: ``'not_now'`` where the case has ended, ``'role'``, ``'unknown_actor'``.
    """
    return not advance(store, Command(number, "note", {"note": note}, by, VIA, key), at).again


def staff_or(store: Store, handle: str, otherwise: str) -> str:
    """Return the handle of an active member of staff, else the other one."""
    with store.looking() as tx:
        there = handle not in NOBODY and tx.row(ACTIVE, handle=handle) is not None
    return handle if there else otherwise


def _open_cases(tx: Tx, secret: bytes, contact: Contact, before: int | None = None) -> list[str]:
    """Return the open cases of a number that can be followed up, the oldest first."""
    key = keys_of(secret, None, contact.phone, None).phone_key
    if key is None:
        return []
    rows: list[Any] = tx.rows(OPEN_CASES, key=key, before=before)
    return [row.number for row in rows if not follow_up_fault(tx, row.number)]


def _link(tx: Tx, secret: bytes, contact: Contact, number: str, at: int) -> None:
    """Link a case that was opened because several were open to each of those; once."""
    opened = tx.row(CASE, number=number).id
    several = _open_cases(tx, secret, contact, before=opened)
    if len(several) < 2 or tx.row(LINKED, id=opened, relation=RELATION) is not None:
        return
    for parent in several:
        link_in(tx, parent, opened, RELATION, at, IMPORT)
