"""The people and programs that act: added by an administrator, looked up by handle."""

from dataclasses import dataclass
from functools import cache

from engine.caches import Acting
from engine.transaction import Tx
from statemachines.lifecycle import Refused
from statemachines.roles import Role

SYSTEM, IMPORT = "system", "import"

__all__ = ["Acting", "NewActor", "acting", "add_actor", "roles_of", "seed", "system_actor"]

FIND = "SELECT id, handle, roles FROM actor WHERE handle = :handle"
ADD = """
INSERT INTO actor (handle, roles, department, boss, locale, email)
VALUES (:handle, :roles, :department, :boss, :locale, :email) ON CONFLICT (handle) DO NOTHING
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


@cache
def roles_of(column: str) -> frozenset[Role]:
    """Return the roles that an actor's column names, separated by blanks."""
    return frozenset(Role(role) for role in column.split())


def acting(tx: Tx, handle: str) -> Acting:
    """Return the actor of that handle. Raises ``Refused('unknown_actor')``."""
    actor = tx.cache.actors.get(handle)
    if actor is None:
        row = tx.row(FIND, handle=handle)
        if row is None:
            raise Refused("unknown_actor", handle=handle)
        actor = tx.cache.actors[handle] = Acting(row.id, row.handle, roles_of(row.roles))
    return actor


def system_actor(tx: Tx) -> Acting:
    """Return the actor that timers act as; it is made with the store and never changes."""
    if tx.kept.system is None:
        tx.kept.system = acting(tx, SYSTEM)
    return tx.kept.system


def add_actor(tx: Tx, actor: NewActor) -> bool:
    """Add an actor; return False if exactly this one exists already.

    Raises ``Refused('actor_exists')`` if the handle belongs to another one.
    """
    values = {
        "handle": actor.handle,
        "roles": " ".join(actor.roles),
        "department": actor.department,
        "boss": actor.boss,
        "locale": actor.locale,
        "email": actor.email,
    }
    if tx.run(ADD, **values) == 1:
        return True
    row = tx.row("SELECT handle, roles, department, boss, locale, email FROM actor WHERE handle = :handle", **values)
    if row._asdict() != values:
        raise Refused("actor_exists", handle=actor.handle)
    return False


def seed(tx: Tx) -> None:
    """Add the two actors that are no people."""
    add_actor(tx, NewActor(SYSTEM, (Role.SYSTEM,)))
    add_actor(tx, NewActor(IMPORT, (Role.IMPORT,)))
