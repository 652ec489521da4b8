"""What the desk looks up: who is calling and what he has with us (A9), and where an order stands (C3, C8)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.commands.open_case import identity_of
from engine.rules.in_force import rules_in
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.contact import Contact
from reports.current_names import state_of
from statemachines.form_model import VARIABLE, marked
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle, Refused

MOST = 20
"""More customers of a name, or cases of a customer, than these nobody looks through."""
AGE_BOUND, AGE_HOURS = "position_age_hours", 24
"""The pack's bound on the age of a position, and what holds where a pack has none (ours)."""

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
class Matter:
    """One of a customer's cases."""

    number: str
    kind: str
    state: str
    level: int
    closed: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as he is addressed, and what he has with us: the open cases first, each the newest first.

    ``phone_ends`` is the end of his number, to tell two of one name apart.
    """

    address: str | None
    phone_ends: str | None
    type: str | None
    cases: tuple[Matter, ...]


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where an order stands, and where its goods are as of when; nothing of whose they are."""

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
    """The kinds that are work for customers and not among ourselves (A8)."""
    return [kind for kind, table in lifecycles().items() if not table.internal]


def address_of(name: str) -> str:
    """Surname and form of address, as 王女士 for 王小明女士; what the customer did not give is not guessed."""
    for title in TITLES:
        own = name.removesuffix(title)
        if own != name and 0 < len(own) <= 4 and all("\u4e00" <= sign <= "\u9fff" for sign in own):
            return (own[:2] if own[:2] in DOUBLE else own[0]) + title
    return name


def recognised(tx: Tx, secret: bytes, contact: Contact) -> Customer | None:
    """The customer whom the contact's number or address belongs to; None for a new one, or one without cases."""
    identity = identity_of(secret, contact)
    row = tx.row(BY_IDENTITY, identity=identity) if identity is not None else None
    found = _customer(tx, row) if row is not None else None
    return found if found is not None and found.cases else None


def customers(tx: Tx, secret: bytes, asked: Contact) -> list[Customer]:
    """The customers with that number, else that address, else a name that begins so, who have cases."""
    found = (_customer(tx, row) for row in _parties(tx, secret, asked))
    return [one for one in found if one.cases]


def _parties(tx: Tx, secret: bytes, asked: Contact) -> Iterable[Any]:
    if (identity := identity_of(secret, asked)) is not None:
        rows = tx.rows(BY_IDENTITY, identity=identity)
        # Who gave a number, too, is known by that; his address is looked for among all.
        return rows if rows or asked.email is None else tx.rows(BY_EMAIL, email=asked.email, most=MOST)
    return tx.rows(BY_NAME, pattern=_pattern(asked.customer or ""), most=MOST)


def _pattern(name: str) -> str:
    """王女士 finds 王小明女士; any other name finds what begins with it."""
    plain = "".join(f"!{sign}" if sign in "!%_" else sign for sign in name)
    for title in TITLES:
        if plain.endswith(title) and address_of(plain) == plain:
            return f"{plain.removesuffix(title)}%{title}"
    return f"{plain}%"


def _customer(tx: Tx, party: Any) -> Customer:
    known = set(customer_kinds())
    rows = [row for row in tx.rows(CASES, party_id=party.id) if row.kind in known]
    newest = sorted((row for row in rows if row.customer_type), key=lambda row: row.opened_at)
    return Customer(
        address=address_of(party.name) if party.name else None,
        phone_ends=party.phone[-4:] if party.phone else None,
        type=newest[-1].customer_type if newest else None,
        cases=tuple(_matter(row) for row in rows[:MOST]),
    )


def _matter(row: Any) -> Matter:
    return Matter(
        row.number, row.kind, state_of(row.kind, row.state), row.level, bool(row.closed), from_micros(row.opened_at)
    )


def track(tx: Tx, number: str, now: datetime) -> Tracking:
    """Where an order stands, for a customer who knows its number.

    Raises ``Refused('unknown_order')``, also for a case whose kind has no position: it is none of his.
    """
    row = tx.row(ORDER, number=number)
    table = lifecycle_of(row.kind) if row is not None else None
    if row is None or table is None or not _has_position(table):
        raise Refused("unknown_order", number=number[:40])
    known = table.resolver.variables(json.loads(row.variables))
    as_of, expected_at = (_instant(known.get(name)) for name in ("as_of", "expected_at"))
    age = None if as_of is None else now - as_of
    bound = rules_in(tx).pack(row.pack, to_micros(now)).bound(AGE_BOUND)
    stale = age is not None and age > timedelta(hours=AGE_HOURS if bound is None else bound)
    state = state_of(row.kind, row.state)
    stands = table.state.get(state)
    return Tracking(
        number=row.number,
        kind=row.kind,
        state=state,
        milestone=stands.milestone if stands else None,
        position=known.get("position"),
        as_of=as_of,
        expected_at=expected_at,
        age=age,
        stale=stale,
    )


def _has_position(table: Lifecycle) -> bool:
    return not table.internal and any("position" in marked(row.form, VARIABLE) for row in table.moves)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
