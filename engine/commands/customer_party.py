"""Writes who a contact came from: his party, the person it is of, and the question whether he is another one (A9)."""

from typing import Any, Final

from engine.actors import SYSTEM
from engine.customer_language import language_of
from engine.duplicates.recognition import ContactKeys
from engine.duplicates.same_person import Question, holders, recognise
from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.contact import Contact
from models.identifiers import Identifier, Quality
from models.placeholders import plain
from statemachines.refused import Refused

NEW: Final = """
INSERT INTO party (identity, name, phone, email, phone_key, email_key, person_id, locale)
VALUES (:identity, :name, :phone, :email, :phone_key, :email_key, :person_id, coalesce(:stated, :guessed))
ON CONFLICT (identity) DO UPDATE SET locale = coalesce(:stated, party.locale, excluded.locale) RETURNING id
"""
# The language that a customer states is his; one that is guessed fills what is not known.
LANGUAGE: Final = "UPDATE party SET locale = :locale WHERE id = :id"
# Two people of whom a person has said that they are two are not asked about again.
ASK: Final = """
INSERT INTO same_person (party_id, other_id, why, asked_at)
SELECT CAST(:party_id AS BIGINT), CAST(:other_id AS BIGINT), CAST(:why AS TEXT), CAST(:at AS BIGINT)
 WHERE NOT EXISTS (
   SELECT 1 FROM same_person d JOIN party x ON x.id = d.party_id JOIN party y ON y.id = d.other_id
    WHERE NOT d.same AND (
      (coalesce(x.person_id, x.id) = :person AND coalesce(y.person_id, y.id) = :other_person)
      OR (coalesce(x.person_id, x.id) = :other_person AND coalesce(y.person_id, y.id) = :person))
      AND (d.party_id IN (SELECT id FROM party WHERE id = :person OR person_id = :person)
        OR d.other_id IN (SELECT id FROM party WHERE id = :person OR person_id = :person)))
ON CONFLICT DO NOTHING
"""
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"


def refuse_bad_address(keys: ContactKeys) -> None:
    """Raise ``Refused('bad_address')`` for a mail address that whoever enters it can correct.

    A placeholder is accepted, and so is any telephone number: a contact is taken down however the customer is reached.
    """
    email = keys.email
    if email is not None and not email.valid and email.quality is not Quality.PLACEHOLDER:
        raise Refused("bad_address", field="email", identifier=email.quality.value)


def party_of(
    tx: Tx, keys: ContactKeys, contact: Contact, at: int, *, doubts: bool = True, person: int | None = None
) -> int | None:
    """Return the party of a contact at an instant in microseconds; None for a contact that does not say who it is.

    What it says is kept whether or not the person is known; of a mail address only one that can be written to.
    ``doubts`` asks a person where it may be a known one; not of a report, which concerns nobody but its readers.
    ``person`` is who it is where neither number nor address tells.
    """
    phone = _kept(keys.phone, contact.phone)
    email = keys.email.written if keys.email is not None and keys.email.valid else None
    if not (keys.name or phone or email):
        return None
    known = recognise(keys, holders(tx, keys))
    guessed = known.locale or language_of(contact.text)
    if known.party_id is not None:
        locale = contact.language or guessed
        if locale != known.locale:
            tx.run(LANGUAGE, locale=locale, id=known.party_id)
        return known.party_id
    values: dict[str, Any] = {"name": keys.name, "phone": phone, "email": email}
    values["person_id"] = person if known.person_id is None else known.person_id
    values |= {"identity": keys.identity, "phone_key": keys.phone_key, "email_key": keys.email_key}
    party_id: int = tx.row(NEW, **values, stated=contact.language, guessed=guessed).id
    for question in known.questions if doubts else ():
        ask_same_person(tx, party_id, values["person_id"] or party_id, question, at)
    return party_id


def ask_same_person(tx: Tx, party_id: int, person: int, question: Question, at: int) -> None:
    """Ask once whether two parties are one person; ``person`` is the one of the first party."""
    people = {"person": person, "other_person": question.person_id}
    tx.run(ASK, party_id=party_id, other_id=question.party_id, why=question.why, at=at, **people)
    journal_row(tx, "same_person", (party_id, question.party_id), SYSTEM, at)


def wait_for_others(tx: Tx, keys: ContactKeys) -> None:
    """Wait for whoever is entering the same customer; SQLite has one writer, who has waited already."""
    for key in sorted(keys.identifying) if tx.postgres else ():
        tx.rows(LOCK, key=key)


def _kept(number: Identifier | None, written: str | None) -> str | None:
    """Return the number as it was written; a placeholder is none."""
    if number is None or number.quality is Quality.PLACEHOLDER:
        return None
    return plain(written or "") or None
