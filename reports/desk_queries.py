"""Looks up for the desk who is calling and which cases the customer has (A9), and where an order is (C3, C8)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.duplicates.recognition import contact_keys
from engine.duplicates.same_person import holders, person_of, recognise
from engine.rules.in_force import rules_in
from engine.rules.pack_sections import POSITION_AGE
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from models.person_names import TITLES, address_of
from models.telephone_numbers import HOME_REGION
from reports.current_names import state_of
from statemachines.form_model import VARIABLE, marked
from statemachines.kinds import customer_kinds, lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

MAX_ROWS = 20
"""How many customers of a name, or cases of a customer, are returned at most."""

BY_NAME = """
SELECT DISTINCT coalesce(person_id, id) AS person FROM party WHERE lower(name) LIKE lower(:pattern) ESCAPE '!'
 ORDER BY person DESC LIMIT :most
"""
OF_PEOPLE = "SELECT id FROM party WHERE id = ANY(:people) OR person_id = ANY(:people)"
PARTIES = "SELECT name, phone FROM party WHERE id = :person OR person_id = :person ORDER BY id DESC"
CASES = """
SELECT c.number, c.kind, c.state, c.level, c.closed, c.customer_type, c.opened_at
  FROM party p JOIN cases c ON c.party_id = p.id WHERE p.id = :person OR p.person_id = :person
 ORDER BY c.closed, c.opened_at DESC, c.id DESC
"""
ORDER = "SELECT number, kind, state, pack, variables FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class CustomerCase:
    """One of a customer's cases."""

    number: str
    kind: str
    state: str
    level: int
    closed: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer's form of address and cases: open ones first, then the newest first.

    ``phone_ends`` holds the last digits of the telephone number, to distinguish customers of the same name.
    """

    address: str | None
    phone_ends: str | None
    type: str | None
    cases: tuple[CustomerCase, ...]


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """The state of an order, and the position of its goods with its time; nothing about their owner."""

    number: str
    kind: str
    state: str
    milestone: str | None
    position: str | None
    as_of: datetime | None
    expected_at: datetime | None
    age: timedelta | None
    stale: bool


def recognised(tx: Tx, secret: bytes, contact: Contact, region: str = HOME_REGION) -> Customer | None:
    """Return the customer whose number or address it is; None for a new or a doubtful one, or one without cases."""
    keys = contact_keys(secret, contact, region)
    person = recognise(keys, holders(tx, keys)).person_id
    customer = _customer(tx, person) if person is not None else None
    return customer if customer is not None and customer.cases else None


def customers(tx: Tx, secret: bytes, contact: Contact, region: str = HOME_REGION) -> list[Customer]:
    """Return the customers who have cases: all who have the number or the address, else by the beginning of the name.

    Nobody has a number or an address that is not valid.
    """
    candidates = (_customer(tx, person) for person in _people(tx, secret, contact, region))
    return [customer for customer in candidates if customer.cases]


def party_ids(tx: Tx, secret: bytes, contact: Contact, region: str = HOME_REGION) -> list[int]:
    """Return the parties of the people who have the number or the address, else whose name begins so."""
    people = list(_people(tx, secret, contact, region))
    return sorted({row.id for row in tx.rows_among(OF_PEOPLE, people=people)}) if people else []


def _people(tx: Tx, secret: bytes, contact: Contact, region: str) -> Iterable[int]:
    keys = contact_keys(secret, contact, region)
    if keys.phone is not None or keys.email is not None:
        return dict.fromkeys(map(person_of, holders(tx, keys)))
    return [row.person for row in tx.rows(BY_NAME, pattern=_pattern(keys.name or ""), most=MAX_ROWS)]


def _pattern(name: str) -> str:
    """Return a LIKE pattern: 王女士 finds 王小明女士; any other name finds names that begin with it."""
    plain = "".join(f"!{character}" if character in "!%_" else character for character in name)
    for title in TITLES:
        if plain.endswith(title) and address_of(plain) == plain:
            return f"{plain.removesuffix(title)}%{title}"
    return f"{plain}%"


def _customer(tx: Tx, person: int) -> Customer:
    kinds = set(customer_kinds())
    rows = [row for row in tx.rows(CASES, person=person) if row.kind in kinds]
    parties = tx.rows(PARTIES, person=person)
    name, phone = (next((value for value in values if value), None) for values in zip(*parties, strict=True))
    newest = sorted((row for row in rows if row.customer_type), key=lambda row: row.opened_at)
    return Customer(
        address=address_of(name) if name else None,
        phone_ends=phone[-4:] if phone else None,
        type=newest[-1].customer_type if newest else None,
        cases=tuple(_customer_case(row) for row in rows[:MAX_ROWS]),
    )


def _customer_case(row: Any) -> CustomerCase:
    state = state_of(row.kind, row.state)
    return CustomerCase(row.number, row.kind, state, row.level, bool(row.closed), from_micros(row.opened_at))


def track(tx: Tx, number: str, now: datetime) -> OrderStatus:
    """Return where an order is, for a customer who knows its number.

    Raises ``Refused('unknown_order')``, also for a case whose kind has no position.
    """
    row = tx.row(ORDER, number=number)
    lifecycle = lifecycle_of(row.kind) if row is not None else None
    if row is None or lifecycle is None or not _has_position(lifecycle):
        raise Refused("unknown_order", number=number[:40])
    variables = lifecycle.resolver.variables(json.loads(row.variables))
    as_of, expected_at = (_instant(variables.get(name)) for name in ("as_of", "expected_at"))
    age = None if as_of is None else now - as_of
    bound = rules_in(tx).pack(row.pack, to_micros(now)).bound(POSITION_AGE)
    stale = age is not None and (bound is None or age > timedelta(hours=bound))
    state = state_of(row.kind, row.state)
    declared = lifecycle.state.get(state)
    return OrderStatus(
        number=row.number,
        kind=row.kind,
        state=state,
        milestone=declared.milestone if declared else None,
        position=variables.get("position"),
        as_of=as_of,
        expected_at=expected_at,
        age=age,
        stale=stale,
    )


def _has_position(lifecycle: Lifecycle) -> bool:
    return not lifecycle.internal and any("position" in marked(row.form, VARIABLE) for row in lifecycle.moves)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
