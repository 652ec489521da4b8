"""Nobody acts as the system or the import, and nobody but a timer makes an escalation step."""

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.one_time_codes import issue_by_hand
from engine.commands.staffing import change_actor, engage
from engine.store import Store
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import DAY, MANAGER, START, moves_of, new_case, query_rows

pytestmark = pytest.mark.any_database

STEP = {"clause": "first_reply", "cycle": 1, "percent": 100, "level": 1, "due_at": "2026-03-02T09:00:00+08:00"}


@pytest.fixture
def administered(store: Store) -> Store:
    """A store with an administrator."""
    engage(store, NewActor("ada", (Role.ADMINISTRATOR,)), "", START)
    return store


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.IMPORT])
def test_no_person_is_added_with_a_role_of_nobody(store: Store, role: Role):
    with pytest.raises(Refused) as refused:
        engage(store, NewActor("eve", (Role.AGENT, role)), "", START)
    assert (refused.value.code, refused.value.params["roles"]) == ("role_of_nobody", [role.value])
    with store.writing() as tx, pytest.raises(Refused):
        add_actor(tx, NewActor("eve", (role,)))
    assert query_rows(store, "SELECT 1 AS one FROM actor WHERE handle = 'eve'") == []


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.IMPORT])
def test_no_person_is_given_a_role_of_nobody(administered: Store, role: Role):
    with pytest.raises(Refused) as refused:
        change_actor(administered, "sue", {"roles": (Role.AGENT, role)}, "ada", START)
    assert refused.value.code == "role_of_nobody"


@pytest.mark.parametrize("handle", ["system", "import"])
def test_nobody_is_issued_a_code_for_the_system(administered: Store, handle: str):
    with pytest.raises(Refused) as refused:
        issue_by_hand(administered, handle, "ada", START)
    assert refused.value.code == "not_a_person"


@pytest.mark.parametrize("handle", ["system", "import"])
def test_nobody_adds_people_as_the_system(store: Store, handle: str):
    with pytest.raises(Refused) as refused:
        engage(store, NewActor("eve", (Role.AGENT,)), handle, START)
    assert refused.value.code == "not_a_person"


@pytest.mark.parametrize("move", ["breach", "remind"])
@pytest.mark.parametrize("actor", ["system", "import", MANAGER])
@pytest.mark.parametrize("days", [0, 1])
def test_an_escalation_step_is_made_by_no_command(store: Store, move: str, actor: str, days: int):
    number = new_case(store)
    with pytest.raises(Refused) as refused:
        advance(store, Command(number, move, STEP, actor=actor), START + days * DAY)
    assert refused.value.code == ("timer_only" if actor == "system" else "role")
    assert moves_of(store, number) == ["open"]
