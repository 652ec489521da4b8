"""The principals of the access tests: a person of each role, of the department ``claims`` unless a test names one."""

from engine.access.principal import Principal, PrincipalKind, Scope
from engine.actors import NewActor, add_actor, known_actor
from engine.departments import add_departments
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import START

PEOPLE = frozenset(Role) - {Role.SYSTEM, Role.IMPORT}


def principal(
    store: Store, role: Role, handle: str = "", department: str | None = "claims", boss: str | None = None,
    scopes: frozenset[Scope] | None = None,
) -> Principal:  # fmt: skip
    """Return somebody with one role, added to the store unless he is in it."""
    handle = handle or f"the_{role.value}"
    with store.writing() as tx:
        if department is not None:
            add_departments(tx, [department], "system", to_micros(START))
        add_actor(tx, NewActor(handle, (role,), department, boss))
        kind = PrincipalKind.PERSON if scopes is None else PrincipalKind.TOKEN
        return Principal(known_actor(tx, handle), kind, "api", scopes)
