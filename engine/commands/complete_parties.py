"""Completes the customers of an earlier release: the keys of their numbers and addresses, and who is the same person.

Nothing is lost: every party and every case stays, and what is valid becomes a contact point by which it is recognised.
It may be repeated: of an earlier release are the parties that have an identity and no key of what it consists of.
"""

from datetime import datetime
from typing import Any, Final

from engine.commands.customer_party import ask_same_person
from engine.duplicates.recognition import keys_of, shipment_key
from engine.duplicates.same_person import holders, recognise
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.telephone_numbers import HOME_REGION
from statemachines.refused import Refused

AT_ONCE: Final = 200
"""So many rows are completed in one transaction, so that others wait briefly."""

INCOMPLETE: Final = f"""
SELECT p.id, p.name, p.phone, p.email, (SELECT max(c.pack) FROM cases c WHERE c.party_id = p.id) AS pack
  FROM party p WHERE p.id > :after AND p.identity IS NOT NULL AND p.phone_key IS NULL AND p.email_key IS NULL
   AND (p.phone IS NOT NULL OR p.email IS NOT NULL) ORDER BY p.id LIMIT {AT_ONCE}
"""
COMPLETE: Final = """
UPDATE party SET identity = :identity, phone_key = :phone_key, email_key = :email_key, person_id = :person_id,
       name = :name WHERE id = :id
"""
SHIPMENTS: Final = f"""
SELECT c.id, c.shipment, s.content FROM cases c
  JOIN statement s ON s.case_id = c.id AND s.seq = 1 AND s.field = 'shipment' AND s.content IS NOT NULL
 WHERE c.id > :after AND c.shipment IS NOT NULL ORDER BY c.id LIMIT {AT_ONCE}
"""
SHIPMENT: Final = "UPDATE cases SET shipment = :shipment WHERE id = :id"


def complete_parties(store: Store, at: datetime) -> int:
    """Complete the parties of an earlier release and the keys of its shipments; return how many parties it were."""
    done, after = 0, 0
    while True:
        with store.writing() as tx:
            rows = tx.rows(INCOMPLETE, after=after)
            for row in rows:
                _complete(tx, store.secret, row, to_micros(at))
        if not rows:
            break
        done, after = done + len(rows), rows[-1].id
    if done:
        _complete_shipments(store)
    return done


def _complete(tx: Tx, secret: bytes, row: Any, at: int) -> None:
    keys = keys_of(secret, row.name, row.phone, row.email, _region(tx, row.pack, at))
    known = recognise(keys, [other for other in holders(tx, keys) if other.id != row.id])
    person = None if known.person_id == row.id else known.person_id
    identity = None if known.party_id is not None else keys.identity
    values = {"phone_key": keys.phone_key, "email_key": keys.email_key, "name": keys.name}
    tx.run(COMPLETE, id=row.id, identity=identity, person_id=person, **values)
    for question in known.questions:
        ask_same_person(tx, row.id, person or row.id, question, at)


def _region(tx: Tx, pack: str | None, at: int) -> str:
    try:
        return rules_in(tx).pack(pack, at).region if pack else HOME_REGION
    except Refused:  # a pack that is no longer there
        return HOME_REGION


def _complete_shipments(store: Store) -> None:
    """Bring the keys of shipments to the normal form of their numbers; a spoiled number names none."""
    after = 0
    while True:
        with store.writing() as tx:
            rows = tx.rows(SHIPMENTS, after=after)
            for row in rows:
                if (key := shipment_key(store.secret, row.content)) != row.shipment:
                    tx.run(SHIPMENT, id=row.id, shipment=key)
        if not rows:
            return
        after = rows[-1].id
