"""Erases personal texts as an administrator does, for tests that need erased ones."""

from engine.access.principal import Principal, PrincipalKind
from engine.actors import NewActor, add_actor, known_actor
from engine.audit.erase_texts import TextPlace, erase_texts
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import START, query_rows

ADMINISTRATOR = "nora"
REASON = "The customer asks for it."


def administrator_of(store: Store) -> Principal:
    """Return the administrator who erases, at the command line; he is added to the store if he is not in it."""
    with store.writing() as tx:
        add_actor(tx, NewActor(ADMINISTRATOR, (Role.ADMINISTRATOR,)))
        return Principal(known_actor(tx, ADMINISTRATOR), PrincipalKind.OWNER, "cli")


def erase_texts_of(store: Store, case_id: int) -> int:
    """Erase every personal text of a case, whether or not it is closed; return their number."""
    administrator = administrator_of(store)
    [case] = query_rows(store, "SELECT number FROM cases WHERE id = :id", id=case_id)
    places = query_rows(store, "SELECT seq, field FROM statement WHERE case_id = :id ORDER BY seq, field", id=case_id)
    for place in places:
        erase_texts(store, administrator, case["number"], REASON, START, TextPlace(**place))
    return len(places)
