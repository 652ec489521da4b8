"""Whoever has left or is away is asked nothing and gets no work: his deputy is asked, else the next in line."""

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.leaving import disable
from engine.commands.staffing import change_actor
from engine.store import Store
from flows.notifications import people
from flows.parked_notices import with_roles
from flows.reactions.inquiry import least_busy_seller
from flows.reactions.routing import workload_of
from flows.work import Work
from statemachines.roles import Role
from tests.case_actions import (
    HANDLER,
    HOUR,
    START,
    SUPERVISOR,
    case_of,
    make_move,
    new_case,
)
from tests.flows.scenes import DAMAGE, ODD, drained, templates_to

pytestmark = pytest.mark.any_database

ADA = "ada"


@pytest.fixture
def staffed(store: Store) -> Store:
    """A store with an administrator, and a second handler and supervisor of the claims department."""
    with store.writing() as tx:
        add_actor(tx, NewActor(ADA, (Role.ADMINISTRATOR,), email="ada@example.com"))
        add_actor(tx, NewActor("bo", (Role.HANDLER,), "claims", email="bo@example.com"))
        add_actor(tx, NewActor("sam", (Role.TEAM_SUPERVISOR,), "claims", email="sam@example.com"))
        add_actor(tx, NewActor("sal", (Role.SALESPERSON,), "market"))
    return store


def away(store: Store, handle: str, deputy: str | None = None) -> None:
    change_actor(store, handle, {"absent_from": START, "deputy": deputy}, ADA, START)


def asked(store: Store, role: Role, department: str | None = "claims", owner: str | None = None) -> list[str]:
    return [actor.handle for actor in people(store, role, department, owner)]


def test_a_deputy_is_asked_for_an_owner_who_is_away_and_without_one_his_department(staffed: Store):
    assert asked(staffed, Role.HANDLER, owner=HANDLER) == [HANDLER]
    away(staffed, HANDLER)
    assert asked(staffed, Role.HANDLER, owner=HANDLER) == ["bo"]
    with staffed.writing() as tx:
        add_actor(tx, NewActor("cy", (Role.HANDLER,), "delivery"))
    away(staffed, HANDLER, deputy="cy")
    assert asked(staffed, Role.HANDLER, owner=HANDLER) == ["cy"]


def test_a_level_is_answered_by_whoever_of_it_is_there(staffed: Store):
    assert asked(staffed, Role.TEAM_SUPERVISOR) == ["sam", SUPERVISOR]
    disable(staffed, SUPERVISOR, ADA, START)
    assert asked(staffed, Role.TEAM_SUPERVISOR) == ["sam"]
    away(staffed, "sam")
    assert asked(staffed, Role.TEAM_SUPERVISOR) == []


def test_work_goes_to_nobody_who_is_away(staffed: Store):
    assert {*workload_of(staffed).handlers["claims"]} == {"bo", HANDLER}
    away(staffed, HANDLER)
    disable(staffed, "bo", ADA, START)
    assert workload_of(staffed).handlers == {}
    seller = least_busy_seller(staffed)
    assert seller is not None
    assert seller.handle == "sal"
    away(staffed, "sal")
    assert least_busy_seller(staffed) is None


def test_faults_are_told_to_the_deputy_of_whoever_is_away(staffed: Store):
    roles = (Role.ADMINISTRATOR,)
    assert [actor.handle for actor in with_roles(staffed, roles)] == [ADA]
    with staffed.writing() as tx:
        add_actor(tx, NewActor("ed", (Role.ADMINISTRATOR,), email="ed@example.com"))
    away(staffed, ADA, deputy="ed")
    assert [actor.handle for actor in with_roles(staffed, roles)] == ["ed"]


@pytest.mark.usefixtures("staffed")
def test_a_case_whose_owner_left_goes_on_without_him(work: Work):
    """The whole way: routed to him, handed on, escalated to whoever is there."""
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR)
    owner = case_of(work.store, number)["owner"]
    assert owner in (HANDLER, "bo")
    disable(work.store, owner, ADA, START + HOUR)
    other = {HANDLER: "bo", "bo": HANDLER}[owner]
    assert case_of(work.store, number)["owner"] == other
    before = len(templates_to(work, f"{owner}@example.com"))
    for hour in range(2, 25):  # what is recorded later than it happened is history, and nobody is written to
        drained(work, hour * HOUR)
    assert len(templates_to(work, f"{owner}@example.com")) == before
    assert "escalation_step" in templates_to(work, f"{other}@example.com")


@pytest.mark.usefixtures("staffed")
def test_a_case_is_routed_past_whoever_is_away(work: Work):
    away(work.store, HANDLER)
    number = new_case(work.store, text=ODD)
    make_move(work.store, number, "classify")
    drained(work, HOUR)
    assert case_of(work.store, number)["owner"] == "bo"
