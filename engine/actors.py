"""The people and programs that act: looked up by handle, added, and asked while they are there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from engine.actor_particulars import check_email, check_locale, check_zone, staff_phone
from engine.caches import Acting
from engine.categories import add_categories
from engine.categories import shipped as shipped_categories
from engine.departments import add_departments, check_department, shipped
from engine.entry_checks import check_actor, check_handle
from engine.ledger.journal import journal_row
from engine.transaction import Tx
from models.columns import from_micros
from models.mail_addresses import mail_address
from models.person_names import person_name
from statemachines.lifecycle import Refused
from statemachines.roles import Role

SYSTEM, IMPORT, CUSTOMER = "system", "import", "customer"
NOBODY = frozenset({SYSTEM, IMPORT, CUSTOMER})
"""The handles of the actors that are no people of the house: as ``customer`` act those who come by the portal."""

__all__ = [
    "Acting", "NewActor", "acting", "acting_of", "add_actor", "administrator", "available_or_deputies", "find_actor",
    "in_charge", "known_actor", "refuse_nobody", "refuse_unavailable", "roles_of", "seed", "system_actor",
]  # fmt: skip

COLUMNS = "id, handle, roles, disabled_at, absent_from, absent_until, department"
"""The columns of an actor that ``acting_of`` reads."""
FIND = f"SELECT {COLUMNS} FROM actor WHERE handle = :handle"
SAME = "SELECT handle, roles, department, boss, locale, email, zone, name, phone FROM actor WHERE handle = :handle"
ADD = """
INSERT INTO actor (handle, roles, department, boss, locale, email, zone, name, phone)
VALUES (:handle, :roles, :department, :boss, :locale, :email, :zone, :name, :phone) ON CONFLICT (handle) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class NewActor:
    """An actor to be added (H3)."""

    handle: str
    roles: tuple[Role, ...]
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None
    zone: str | None = None
    name: str | None = None
    phone: str | None = None


@cache
def roles_of(column: str) -> frozenset[Role]:
    """Return the roles that an actor's column names, separated by blanks."""
    return frozenset(Role(role) for role in column.split())


@cache
def _values(prefix: str) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*(f"{prefix}{name}" for name in COLUMNS.split(", ")))


def acting_of(row: Any, prefix: str = "") -> Acting:
    """Return the actor of a row that holds ``COLUMNS``, each perhaps with a prefix to its name."""
    actor_id, handle, roles, *others = _values(prefix)(row)
    return Acting(actor_id, handle, roles_of(roles), *others)


def known_actor(tx: Tx, handle: str) -> Acting:
    """Return the actor of that handle, also one who has left. Raises ``Refused('unknown_actor')``."""
    check_actor(handle)
    actor = find_actor(tx, handle)
    if actor is None:
        raise Refused("unknown_actor", handle=handle)
    return actor


def find_actor(tx: Tx, handle: str) -> Acting | None:
    """Return the actor of that handle, if there is one; read once in a transaction."""
    actor = tx.cache.actors.get(handle)
    if actor is None and (row := tx.row(FIND, handle=handle)) is not None:
        actor = tx.cache.actors[handle] = acting_of(row)
    return actor


def acting(tx: Tx, handle: str, at: int) -> Acting:
    """Return an actor who can act at an instant, in microseconds.

    Raises ``Refused('unknown_actor' | 'actor_disabled' | 'actor_absent')``.
    """
    actor = known_actor(tx, handle)
    refuse_unavailable(actor, at)
    return actor


def refuse_unavailable(actor: Acting, at: int) -> None:
    """Raise ``Refused('actor_disabled' | 'actor_absent')`` for somebody who has left, or is away at the instant."""
    if actor.disabled_at is not None:
        raise Refused("actor_disabled", handle=actor.handle)
    if actor.away(at):
        until = "–" if actor.absent_until is None else from_micros(actor.absent_until).isoformat()
        raise Refused("actor_absent", handle=actor.handle, until=until)


def in_charge(tx: Tx, handle: str, roles: Iterable[Role], at: int) -> Acting:
    """Return an actor with one of the roles. Raises ``Refused('not_in_charge')`` and what ``acting`` raises."""
    actor = acting(tx, handle, at)
    if not actor.roles & set(roles):
        raise Refused("not_in_charge", handle=actor.handle, wanted=[role.value for role in roles])
    return actor


def administrator(tx: Tx, handle: str) -> Acting:
    """Return an administrator. Raises ``Refused('not_in_charge' | 'unknown_actor' | 'actor_disabled')``.

    He may be absent: the only one must be able to end his own absence.
    """
    actor = known_actor(tx, handle)
    if actor.disabled_at is not None:
        raise Refused("actor_disabled", handle=handle)
    if Role.ADMINISTRATOR not in actor.roles:
        raise Refused("not_in_charge", handle=handle, wanted=[Role.ADMINISTRATOR.value])
    return actor


def system_actor(tx: Tx) -> Acting:
    """Return the actor that timers act as; it is made with the store and never changes."""
    if tx.kept.system is None:
        tx.kept.system = known_actor(tx, SYSTEM)
    return tx.kept.system


def customer_actor(tx: Tx, at: int) -> Acting:
    """Return the actor as whom customers act by the portal; the first of them adds it.

    Raises ``Refused('actor_exists')`` where somebody of the house has its handle.
    """
    if (actor := known_customer_actor(tx)) is None:
        add_actor(tx, NewActor(CUSTOMER, (Role.CUSTOMER,)), SYSTEM, at)
        actor = known_actor(tx, CUSTOMER)
    return actor


def known_customer_actor(tx: Tx) -> Acting | None:
    """Return the actor of ``customer_actor`` once it was added. Raises ``Refused('actor_exists')``."""
    if (row := tx.row(FIND, handle=CUSTOMER)) is None:
        return None
    actor = acting_of(row)
    if actor.roles != frozenset({Role.CUSTOMER}):
        raise Refused("actor_exists", handle=CUSTOMER)
    return actor


class Member(Protocol):
    """A row of ``actor``, as far as it matters who stands in for whom."""

    @property
    def handle(self) -> str: ...
    @property
    def deputy(self) -> str | None: ...


M = TypeVar("M", bound=Member)


def refuse_nobody(handle: str) -> None:
    """Raise ``Refused('not_a_person')`` for a handle under which no person may act: the system's, the import's."""
    if handle in NOBODY:
        raise Refused("not_a_person", handle=handle)


def refuse_roles_of_nobody(handle: str, roles: Iterable[str]) -> None:
    """Raise ``Refused('role_of_nobody')`` where a person would get the role of the system or the import."""
    if handle not in NOBODY and (roles_ := sorted({Role.SYSTEM.value, Role.IMPORT.value} & {*roles})):
        raise Refused("role_of_nobody", handle=handle, roles=roles_)


def available_or_deputies(wanted: Iterable[M], staff: Sequence[M], available: Callable[[M], bool]) -> list[M]:
    """Return whom to ask: each of the wanted who is available, and the deputy of each who is not.

    A deputy who is away himself passes it on to his own. Nobody is named twice; whoever has no deputy is left out.
    """
    members = {member.handle: member for member in wanted}
    if all(map(available, members.values())):
        return list(members.values())
    by_handle = {member.handle: member for member in staff}
    found: dict[str, M] = {}
    for member in members.values():
        passed: set[str] = set()
        stand_in: M | None = member
        while stand_in is not None and not available(stand_in):
            passed.add(stand_in.handle)
            stand_in = by_handle.get(stand_in.deputy or "")
            if stand_in is not None and stand_in.handle in passed:
                stand_in = None
        if stand_in is not None:
            found.setdefault(stand_in.handle, stand_in)
    return list(found.values())


def add_actor(tx: Tx, actor: NewActor, by: str = SYSTEM, at: int = 0) -> bool:
    """Add an actor; return False if exactly this one exists already. ``by`` and ``at`` stand in the journal.

    Raises ``Refused('actor_exists')`` if the handle belongs to another one, ``Refused('bad_handle' | 'bad_locale' |
    'role_of_nobody' | 'unknown_department' | 'unknown_zone' | 'bad_address' | 'bad_staff_phone')``.
    """
    check_handle(actor.handle)
    if actor.boss is not None:
        check_handle(actor.boss)
    check_locale(actor.locale)
    refuse_roles_of_nobody(actor.handle, actor.roles)
    check_department(tx, actor.department)
    check_zone(actor.zone)
    check_email(actor.email)
    values = {
        "handle": actor.handle,
        "roles": " ".join(actor.roles),
        "department": actor.department,
        "boss": actor.boss,
        "locale": actor.locale,
        "email": actor.email and mail_address(actor.email).written,
        "zone": actor.zone,
        "name": actor.name and (person_name(actor.name) or None),
        "phone": staff_phone(actor.phone),
    }
    if tx.run(ADD, **values) == 1:
        journal_row(tx, "actor", (actor.handle,), by, at)
        return True
    if tx.row(SAME, handle=actor.handle)._asdict() != values:
        raise Refused("actor_exists", handle=actor.handle)
    return False


def seed(tx: Tx, at: int) -> None:
    """Add the two actors that are no people, and the departments and categories that every store knows."""
    add_actor(tx, NewActor(SYSTEM, (Role.SYSTEM,)), SYSTEM, at)
    add_actor(tx, NewActor(IMPORT, (Role.IMPORT,)), SYSTEM, at)
    add_departments(tx, shipped(), SYSTEM, at)
    add_categories(tx, ((code, code) for code in shipped_categories()), SYSTEM, at)
