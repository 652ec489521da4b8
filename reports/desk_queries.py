"""Looks up for the desk who is calling and which cases the customer has (A9), and where an order is (C3, C8)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.duplicates.recognition import identity_of
from engine.rules.in_force import rules_in
from engine.rules.policy import POSITION_AGE
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from reports.current_names import state_of
from statemachines.form_model import VARIABLE, marked
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle, Refused

MAX_ROWS = 20
"""How many customers of a name, or cases of a customer, are returned at most."""

TITLES = ("先生", "女士", "小姐")
DOUBLE = frozenset({
    "欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫",
    "慕容", "令狐", "司徒", "夏侯", "长孙", "長孫", "宇文", "轩辕", "軒轅", "端木", "南宫", "南宮", "西门", "西門",
})  # fmt: skip
"""Surnames of two characters."""

BY_IDENTITY = "SELECT id, name, phone FROM party WHERE identity = :identity"
BY_EMAIL = "SELECT id, name, phone FROM party WHERE lower(email) = lower(:email) ORDER BY id DESC LIMIT :most"
BY_NAME = """
SELECT id, name, phone FROM party WHERE lower(name) LIKE lower(:pattern) ESCAPE '!' ORDER BY id DESC LIMIT :most
"""
CASES = """
SELECT number, kind, state, level, closed, customer_type, opened_at FROM cases WHERE party_id = :party_id
 ORDER BY closed, opened_at DESC, id DESC
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


def customer_kinds() -> list[str]:
    """Return the kinds of cases that are for customers, not internal (A8)."""
    return [kind for kind, lifecycle in lifecycles().items() if not lifecycle.internal]


def address_of(name: str) -> str:
    """Return surname and title, as 王女士 for 王小明女士; a name without a title is returned unchanged."""
    for title in TITLES:
        own = name.removesuffix(title)
        if own != name and 0 < len(own) <= 4 and all("\u4e00" <= character <= "\u9fff" for character in own):
            return (own[:2] if own[:2] in DOUBLE else own[0]) + title
    return name


def recognised(tx: Tx, secret: bytes, contact: Contact) -> Customer | None:
    """Return the customer with the contact's number or address; None for a new one, or one without cases."""
    identity = identity_of(secret, contact)
    row = tx.row(BY_IDENTITY, identity=identity) if identity is not None else None
    customer = _customer(tx, row) if row is not None else None
    return customer if customer is not None and customer.cases else None


def customers(tx: Tx, secret: bytes, contact: Contact) -> list[Customer]:
    """Return the customers who have cases: by number, else by mail address, else by the beginning of the name."""
    candidates = (_customer(tx, row) for row in _parties(tx, secret, contact))
    return [customer for customer in candidates if customer.cases]


def _parties(tx: Tx, secret: bytes, contact: Contact) -> Iterable[Any]:
    if (identity := identity_of(secret, contact)) is not None:
        rows = tx.rows(BY_IDENTITY, identity=identity)
        # A customer with a number is identified by it, so an address is searched among all customers.
        return rows if rows or contact.email is None else tx.rows(BY_EMAIL, email=contact.email, most=MAX_ROWS)
    return tx.rows(BY_NAME, pattern=_pattern(contact.customer or ""), most=MAX_ROWS)


def _pattern(name: str) -> str:
    """Return a LIKE pattern: 王女士 finds 王小明女士; any other name finds names that begin with it."""
    plain = "".join(f"!{character}" if character in "!%_" else character for character in name)
    for title in TITLES:
        if plain.endswith(title) and address_of(plain) == plain:
            return f"{plain.removesuffix(title)}%{title}"
    return f"{plain}%"


def _customer(tx: Tx, party: Any) -> Customer:
    kinds = set(customer_kinds())
    rows = [row for row in tx.rows(CASES, party_id=party.id) if row.kind in kinds]
    newest = sorted((row for row in rows if row.customer_type), key=lambda row: row.opened_at)
    return Customer(
        address=address_of(party.name) if party.name else None,
        phone_ends=party.phone[-4:] if party.phone else None,
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
