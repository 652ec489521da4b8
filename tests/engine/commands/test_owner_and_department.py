"""Owner and department agree, transfers are counted once, and a team that gets a case back keeps its time (B10)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import (
    AGENT,
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    case_of,
    fired_steps_of,
    make_move,
    moves_of,
    new_case,
    query_rows,
    refusal,
)
from tests.editions import in_force

pytestmark = pytest.mark.requirement("B10")

EIGHT_HOURS = {"department_limit": {"amount": 8, "unit": "hours"}}
OTHER = "hal"


@pytest.fixture
def staffed(store: Store) -> Store:
    """A store with a handler of another department, and eight hours for each department."""
    with store.writing() as tx:
        add_actor(tx, NewActor(OTHER, (Role.HANDLER,), "delivery"))
    in_force(store, EIGHT_HOURS)
    return store


def assigned(store: Store) -> str:
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "assign")
    return number


def responsible(store: Store, number: str) -> tuple[str | None, str | None, int]:
    """Return the department, the owner and the number of transfers."""
    case = case_of(store, number)
    return case["department"], case["owner"], json.loads(case["variables"]).get("transfers", 0)


def limits(store: Store, number: str) -> list[dict[str, Any]]:
    sql = "SELECT * FROM timer WHERE case_id = :id AND clause = 'department_limit' ORDER BY id"
    return query_rows(store, sql, id=case_of(store, number)["id"])


def test_a_new_department_ends_the_work_of_the_former_owner(staffed: Store):
    number = assigned(staffed)
    assert responsible(staffed, number) == ("claims", HANDLER, 0), "the first assignment is no transfer"
    make_move(staffed, number, "assign", department="delivery", owner=None)
    assert responsible(staffed, number) == ("delivery", None, 1)
    assert verify(staffed).ok


@pytest.mark.parametrize("move", ["reclassify", "rule_owner"])
def test_every_move_that_names_another_department_hands_the_case_over(staffed: Store, move: str):
    number = assigned(staffed)
    for _ in range(2 if move == "rule_owner" else 0):
        make_move(staffed, number, "return", HANDLER)
    make_move(staffed, number, move, department="delivery")
    assert responsible(staffed, number) == ("delivery", None, 1)
    assert verify(staffed).ok


def test_only_a_change_from_one_department_to_another_is_a_transfer(staffed: Store):
    number = assigned(staffed)
    for department, owner in (("claims", None), ("claims", HANDLER), ("delivery", OTHER), ("claims", HANDLER)):
        make_move(staffed, number, "assign", department=department, owner=owner)
    assert responsible(staffed, number) == ("claims", HANDLER, 2)
    make_move(staffed, number, "reclassify", category="loss", department="claims")
    assert responsible(staffed, number) == ("claims", HANDLER, 2), "the same department keeps its owner"


@pytest.mark.parametrize(
    ("owner", "department", "code"),
    [
        ("system", "claims", "not_a_person"),
        ("import", "claims", "not_a_person"),
        (OTHER, "claims", "owner_elsewhere"),
        (HANDLER, "delivery", "owner_elsewhere"),
        (AGENT, "claims", "owner_elsewhere"),
        ("nobody", "claims", "unknown_actor"),
        (HANDLER, "clams", "unknown_department"),
    ],
)
def test_whoever_does_not_belong_to_the_department_is_refused(staffed: Store, owner: str, department: str, code: str):
    number = assigned(staffed)
    before = moves_of(staffed, number)
    refused = refusal(lambda: make_move(staffed, number, "assign", department=department, owner=owner))
    assert (refused.code, moves_of(staffed, number)) == (code, before)


def test_whoever_belongs_to_no_department_may_own_any_case(staffed: Store):
    number = assigned(staffed)
    make_move(staffed, number, "assign", owner=DIRECTOR)
    assert responsible(staffed, number) == ("claims", DIRECTOR, 0)


def test_a_department_that_gets_the_case_back_keeps_the_time_it_used(staffed: Store):
    number = assigned(staffed)
    make_move(staffed, number, "assign", after=HOUR * 5, department="delivery", owner=OTHER)
    make_move(staffed, number, "assign", after=HOUR * 6, department="claims", owner=HANDLER)
    first, other, again = limits(staffed, number)
    assert [timer["part"] for timer in (first, other, again)] == ["claims", "delivery", "claims"]
    assert (first["outcome"], other["outcome"], again["outcome"]) == ("handed_over", "handed_over", None)
    assert again["consumed"] == 5 * 3_600_000_000
    make_move(staffed, number, "investigate", HANDLER, after=HOUR * 9 + timedelta(minutes=1))
    assert limits(staffed, number)[-1]["outcome"] == "breached", "five hours and three, and a minute"
    assert verify(staffed).ok


def test_its_steps_fire_once_however_often_the_case_comes_back(staffed: Store):
    number = assigned(staffed)
    make_move(staffed, number, "assign", after=HOUR * 7, department="delivery", owner=OTHER)
    make_move(staffed, number, "assign", after=HOUR * 8, department="claims", owner=HANDLER)
    make_move(staffed, number, "note", MANAGER, after=HOUR * 9.5)
    steps = [(percent, at) for clause, percent, at in fired_steps_of(staffed, number) if clause == "department_limit"]
    assert steps == [(75, HOUR * 6), (100, HOUR * 9)]
    assert verify(staffed).ok


def test_a_proposed_refusal_does_not_reset_the_departments_time(staffed: Store):
    number = assigned(staffed)
    make_move(staffed, number, "propose_refusal", AGENT, after=HOUR * 5)
    make_move(staffed, number, "take_on", SUPERVISOR, after=HOUR * 7)
    [timer] = limits(staffed, number)
    assert (timer["outcome"], timer["consumed"]) == (None, 5 * 3_600_000_000)
    make_move(staffed, number, "investigate", HANDLER, after=HOUR * 10)
    assert limits(staffed, number)[-1]["outcome"] == "met", "exactly at the limit is within it"


def automatic(store: Store, number: str, since: int, **form: Any) -> str:
    """Assign as a reaction to the transition ``since`` does; return what came of it."""
    command = Command(number, "assign", form, via="flow", key=f"{number}:{since}:route_case:assign", since=since)
    try:
        return advance(store, command, START + HOUR).state
    except Exception as error:  # noqa: BLE001 (the code is compared)
        return getattr(error, "code", type(error).__name__)


def test_a_late_automatic_step_never_overwrites_what_a_person_decided(staffed: Store):
    number = new_case(staffed)
    make_move(staffed, number, "classify")
    make_move(staffed, number, "assign", department="delivery", owner=OTHER)
    assert automatic(staffed, number, since=2, department="claims", owner=HANDLER) == "superseded"
    assert responsible(staffed, number) == ("delivery", OTHER, 1)


def test_an_automatic_step_goes_on_past_what_concerns_it_not(staffed: Store):
    number = new_case(staffed)
    make_move(staffed, number, "classify")
    make_move(staffed, number, "note")
    make_move(staffed, number, "reclassify", category="loss")
    assert automatic(staffed, number, since=2, department="claims", owner=HANDLER) == "classified"
    assert responsible(staffed, number)[1] == HANDLER
