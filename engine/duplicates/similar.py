"""Finds the cases that a contact may be about already: by customer, by shipment, by nearly the same words (A6)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.duplicates.fingerprints import TextQuery, near
from engine.duplicates.recognition import ContactKeys, contact_keys, shipment_key
from engine.duplicates.same_person import holders, person_of, recognise
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from models.telephone_numbers import HOME_REGION
from statemachines.kinds import lifecycle_of

RECENTLY = timedelta(days=30)
"""How long a closed case may still be meant; ours, no source says."""
MOST = 20
"""More than these nobody looks through."""
PARTY, LINE, SHIPMENT, TEXT = "party", "line", "shipment", "text"
"""Why it may be the same matter: its customer, a number or address that others may have, its shipment, its words."""

OF_PEOPLE = """
SELECT c.id, c.number, c.kind, c.state, c.closed, c.level, c.opened_at, coalesce(p.person_id, p.id) AS person
  FROM party p JOIN cases c ON c.party_id = p.id
 WHERE (p.id = ANY(:people) OR p.person_id = ANY(:people)) AND (NOT c.closed OR c.changed_at >= :since)
"""
OF_SHIPMENT = """
SELECT c.id, c.number, c.kind, c.state, c.closed, c.level, c.opened_at FROM cases c
 WHERE c.shipment = :shipment AND (NOT c.closed OR c.changed_at >= :since)
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that may be the same matter, and ``why``: same "party", "line" or "shipment", near "text"."""

    number: str
    kind: str
    state: str
    closed: bool
    level: int
    opened_at: datetime
    why: tuple[str, ...]


def similar(
    tx: Tx, secret: bytes, contact: Contact, kinds: Collection[str] | None = None, region: str = HOME_REGION
) -> list[Candidate]:
    """Return the cases that are open, or were closed in the 30 days before the contact, the newest first.

    ``kinds`` are those that can be meant; without it all of them. ``region`` is that of the pack.
    """
    why: dict[int, list[str]] = {}
    rows: dict[int, Any] = {}
    for reason, row in _found(tx, contact, contact_keys(secret, contact, region), kinds, secret):
        if kinds is None or row.kind in kinds:
            rows[row.id] = row
            why.setdefault(row.id, []).append(reason)
    newest = sorted(rows.values(), key=lambda row: (row.opened_at, row.id), reverse=True)
    return [_candidate(row, why[row.id]) for row in newest[:MOST]]


def _found(
    tx: Tx, contact: Contact, keys: ContactKeys, kinds: Collection[str] | None, secret: bytes
) -> Iterator[tuple[str, Any]]:
    since = to_micros(contact.at - RECENTLY)
    yield from _of_customers(tx, keys, since)
    shipment = shipment_key(secret, contact.shipment)
    if shipment is not None:
        yield from ((SHIPMENT, row) for row in tx.rows(OF_SHIPMENT, shipment=shipment, since=since))
    yield from ((TEXT, row) for row in near(tx, secret, TextQuery(contact.text, shipment, kinds, since)))


def _of_customers(tx: Tx, keys: ContactKeys, since: int) -> Iterator[tuple[str, Any]]:
    """Yield the cases of whoever has the contact's number or address, as the customer's or as perhaps another's."""
    known = holders(tx, keys)
    if not known:
        return
    person, people = recognise(keys, known).person_id, sorted(set(map(person_of, known)))
    for row in tx.rows_among(OF_PEOPLE, people=people, since=since):
        yield (PARTY if row.person == person else LINE), row


def _candidate(row: Any, why: list[str]) -> Candidate:
    opened_at = from_micros(row.opened_at)
    state = lifecycle_of(row.kind).resolver.state(row.state)
    return Candidate(row.number, row.kind, state, bool(row.closed), row.level, opened_at, tuple(why))
