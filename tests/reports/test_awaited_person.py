"""Lists, pages and reminders name the person whom the state of a case awaits, as the notices do (B6, B11)."""

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from reports.case_page import page
from reports.overdue import overdue
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, contact
from tests.editions import in_force

pytestmark = [pytest.mark.requirement("B6"), pytest.mark.requirement("B11")]

TEAM = {"quin": Role.QUALITY_TEAM, "eva": Role.EVALUATION_GROUP, "ida": Role.INVESTIGATION_TEAM}


@pytest.fixture
def led_by_ivy(store: Store) -> str:
    """A violation that two people of the team could investigate and that one of them leads."""
    with store.writing() as tx:
        for handle, role in (TEAM | {"ivy": Role.INVESTIGATION_TEAM}).items():
            add_actor(tx, NewActor(handle, (role,), email=f"{handle}@example.com"))
    in_force(store, {"investigation": {"amount": 10, "unit": "days"}})
    number = open_case(store, Opening(contact(), "report"), START).number
    taken_up = Command(number, "take_up", {"category": "ethics", "accused": "han"}, actor="quin")
    with_team = Command(number, "form_team", {"lead_investigator": "ivy"}, actor="eva")
    for command in (taken_up, with_team):
        advance(store, command, START + HOUR)
    return number


def test_the_list_of_overdue_promises_asks_the_one_who_leads_and_not_the_whole_team(store: Store, led_by_ivy: str):
    with store.looking() as tx:
        [promise] = [late for late in overdue(tx, START + 30 * DAY) if late.number == led_by_ivy]
    assert (promise.clause, promise.level) == ("investigation", 0)
    assert (promise.person, promise.asked, promise.owner) == ("ivy", ("ivy",), None)


def test_the_page_of_the_case_says_that_it_waits_for_the_one_who_leads(store: Store, led_by_ivy: str):
    shown = page(store, led_by_ivy, START + DAY, "en")
    assert shown is not None
    assert "ivy" in shown.text
    assert "ida" not in shown.text
