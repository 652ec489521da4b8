"""Check that the keys of a customer's number and address are those of the number and address."""

from collections.abc import Iterator
from typing import Any

from engine.duplicates.recognition import keys_of
from engine.rules.in_force import rules_in
from engine.transaction import Tx
from models.telephone_numbers import HOME_REGION
from statemachines.refused import Refused

CHUNK = 500
PARTIES = f"""
SELECT p.id, p.identity, p.name, p.phone, p.email, p.phone_key, p.email_key, p.person_id, p.erased_at,
       p.erasure_reason, s.person_id AS stands_for,
       (SELECT c.pack FROM cases c WHERE c.party_id = p.id ORDER BY c.id LIMIT 1) AS pack
  FROM party p LEFT JOIN party s ON s.id = p.person_id WHERE p.id > :after ORDER BY p.id LIMIT {CHUNK}
"""


def party_faults(tx: Tx, secret: bytes, at: int) -> Iterator[str]:
    """Yield the parties whose keys are not those of their values, and those of a person who is not his own oldest.

    Also those that were emptied, but not by the command that erases a customer.
    """
    regions: dict[str | None, str] = {}
    after = 0
    while rows := tx.rows(PARTIES, after=after):
        for row in rows:
            if not _erasure_fits(row):
                yield f"party_erased {row.id}"
            try:
                if not _keys_fit(row, secret, _region(tx, regions, row.pack, at)):
                    yield f"party_key {row.id}"
            except (TypeError, ValueError, AttributeError):
                yield f"unreadable party {row.id}"
            if row.person_id is not None and (row.person_id == row.id or row.stands_for is not None):
                yield f"party_person {row.id}"
        after = rows[-1].id


def _erasure_fits(row: Any) -> bool:
    """Return whether a party has a name, a number or an address and no key of an emptied one, or was erased wholly.

    The journal covers those that were erased wholly.
    """
    values = (row.name, row.phone, row.email)
    if row.erased_at is not None or row.erasure_reason is not None:
        rest = (*values, row.identity, row.phone_key, row.email_key)
        return row.erased_at is not None and all(value is None for value in rest)
    lost = (row.phone is None and row.phone_key is not None) or (row.email is None and row.email_key is not None)
    return not lost and any(value is not None for value in values)


def _keys_fit(row: Any, secret: bytes, region: str) -> bool:
    """Return whether keys and values fit.

    A customer by his id in a source has the key of that id, which the store does not hold: nobody can compare it.
    """
    keys = keys_of(secret, row.name, row.phone, row.email, region)
    if row.phone is not None and row.phone_key != keys.phone_key:
        return False
    if row.email is not None and row.email_key != keys.email_key:
        return False
    return row.identity is None or keys.identity is None or row.identity == keys.identity


def _region(tx: Tx, regions: dict[str | None, str], pack: str | None, at: int) -> str:
    if pack not in regions:
        try:
            regions[pack] = HOME_REGION if pack is None else rules_in(tx).pack(pack, at).region
        except Refused:  # a pack that is no longer there
            regions[pack] = HOME_REGION
    return regions[pack]
