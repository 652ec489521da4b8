"""Those who may act: added by hand, looked up by handle."""

from dataclasses import dataclass
from functools import cache

from engine.transaction import Tx
from statemachines.lifecycle import Refused
from statemachines.roles import Role

SYSTEM, IMPORT = "system", "import"

ACTORS = "actors"
FIND = "SELECT id, handle, roles FROM actor WHERE handle = :handle"
ADD = """
INSERT INTO actor (handle, roles, department, boss, locale, email)
VALUES (:handle, :roles, :department, :boss, :locale, :email) ON CONFLICT (handle) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Acting:
    """An actor as a move needs him."""

    id: int
    handle: str
    roles: frozenset[Role]

    @staticmethod
    def of(key: int, handle: str, roles: str) -> "Acting":
        """As a row tells him."""
        return Acting(key, handle, _roles(roles))

    @property
    def person(self) -> bool:
        """Whether duties are separated for him (F3): the system and an import are nobody."""
        return not self.roles & {Role.SYSTEM, Role.IMPORT}


@dataclass(frozen=True, slots=True)
class NewActor:
    """What is said of an actor when he is added (H3)."""

    handle: str
    roles: tuple[Role, ...]
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None


@cache
def _roles(told: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in told.split())


def acting(tx: Tx, handle: str) -> Acting:
    """The actor of that handle. Raises ``Refused('unknown_actor')``."""
    known: dict[str, Acting] = tx.memory.setdefault(ACTORS, {})
    if handle not in known:
        row = tx.row(FIND, handle=handle)
        if row is None:
            raise Refused("unknown_actor", handle=handle)
        known[handle] = Acting.of(*row)
    return known[handle]


def add_actor(tx: Tx, actor: NewActor) -> bool:
    """Add an actor; False if exactly this one is there already.

    Raises ``Refused('actor_exists')`` if the handle belongs to one who differs.
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
    """The two actors that are no people."""
    add_actor(tx, NewActor(SYSTEM, (Role.SYSTEM,)))
    add_actor(tx, NewActor(IMPORT, (Role.IMPORT,)))
