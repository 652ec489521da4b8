"""Writes whose party a contact is where another system identifies its customers by an id (A9).

Note [Customers of a source]: an id is good within its source alone. One party holds its key and stands for the
customer; the parties of his contacts point to the same person. Where a contact's number or address belongs to somebody
else, his case keeps that party, and a person is asked whether both are one.
"""

from dataclasses import dataclass, replace
from typing import Final

from engine.commands.customer_party import ask_same_person, party_of
from engine.duplicates.recognition import ContactKeys
from engine.duplicates.same_person import Question
from engine.ledger.chain import keyed
from engine.transaction import Tx
from models.contact import Contact

PURPOSE: Final = "customer_in_source"
CUSTOMER_ID: Final = "customer_id"
"""What a question names that two parties have in common: the id in the source."""
PERSON_BY_KEY: Final = "SELECT id, coalesce(person_id, id) AS person FROM party WHERE identity = :identity"
PERSON: Final = "SELECT coalesce(person_id, id) AS person FROM party WHERE id = :id"
PARTY_OF_A_CASE: Final = """
SELECT p.id FROM party p JOIN cases c ON c.party_id = p.id WHERE p.id = :person OR p.person_id = :person
 ORDER BY c.id DESC LIMIT 1
"""
NEW: Final = "INSERT INTO party (identity, name, person_id) VALUES (:identity, :name, :person_id) RETURNING id"


@dataclass(frozen=True, slots=True)
class CustomerInSource:
    """A customer by his id in a source. ``key`` stands for the id, ``contact_key`` for it and what one contact said."""

    customer_id: str
    key: str
    contact_key: str

    @classmethod
    def of(cls, secret: bytes, source: str, customer_id: str, keys: ContactKeys) -> "CustomerInSource":
        """Return the customer of a contact."""
        said = ((keys.name or "").casefold(), keys.phone_key or "", keys.email_key or "")
        key = keyed(secret, PURPOSE, source, customer_id)
        return cls(customer_id, key, keyed(secret, PURPOSE, source, customer_id, *said))


def party_in_source(
    tx: Tx, keys: ContactKeys, contact: Contact, at: int, customer: CustomerInSource, *, doubts: bool = True
) -> int:
    """Return the party of a contact at an instant in microseconds. See Note [Customers of a source]."""
    known = tx.row(PERSON_BY_KEY, identity=customer.key)
    named = replace(keys, identity=keys.identity or customer.contact_key)
    party_id = party_of(tx, named, contact, at, doubts=doubts, person=None if known is None else known.person)
    if party_id is None:
        return known.id if known is not None else _new(tx, customer, keys, None)
    person = tx.row(PERSON, id=party_id).person
    if known is None:
        _new(tx, customer, keys, person)
    elif known.person != person and doubts:
        _ask(tx, (party_id, person), known.person, at)
    return party_id


def _ask(tx: Tx, party: tuple[int, int], person: int, at: int) -> None:
    """Ask whether a party, given with its person, is the person that the source says; cases name both."""
    other = tx.row(PARTY_OF_A_CASE, person=person)
    if other is not None:
        younger, older = sorted([party, (other.id, person)], reverse=True)
        ask_same_person(tx, *younger, Question(*older, CUSTOMER_ID), at)


def _new(tx: Tx, customer: CustomerInSource, keys: ContactKeys, person: int | None) -> int:
    """Insert the party that stands for the customer; the id names a customer of whom nothing else is known."""
    values = {"identity": customer.key, "name": keys.name or customer.customer_id, "person_id": person}
    return tx.row(NEW, **values).id
