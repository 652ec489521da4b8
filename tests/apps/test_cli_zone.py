"""Whoever uses the command line reads times in his own zone, also where the house works in another one."""

import pytest

from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import new_case

pytestmark = pytest.mark.requirement("I1")

SHANGHAI, BERLIN = "2026-03-02 09:00", "2026-03-02 02:00"
"""The instant at which the case is opened, on a clock in Shanghai and on one in Berlin in winter."""


@pytest.fixture
def berliner(simulated: Store) -> Store:
    with simulated.writing() as tx:
        add_actor(tx, NewActor("bea", (Role.TEAM_SUPERVISOR,), zone="Europe/Berlin"))
        add_actor(tx, NewActor("cai", (Role.TEAM_SUPERVISOR,)))
    return simulated


@pytest.mark.parametrize(("actor", "shown"), [("bea", BERLIN), ("cai", SHANGHAI), ("nobody-here", SHANGHAI)])
def test_commands_without_an_actor_of_their_own_read_in_the_zone_of_the_setting_s_actor(
    closeloop: Closeloop, berliner: Store, actor: str, shown: str
):
    number = new_case(berliner)
    closeloop.patch.setenv("CLOSELOOP_ACTOR", actor)
    assert shown in closeloop("case", "history", number).output


def test_the_option_comes_before_the_setting(closeloop: Closeloop, berliner: Store):
    number = new_case(berliner)
    closeloop.patch.setenv("CLOSELOOP_ACTOR", "cai")
    assert SHANGHAI in closeloop("case", "show", number).output
    assert BERLIN in closeloop("case", "show", number, "--as", "bea").output
    assert SHANGHAI in closeloop("case", "show", number).output, "the next command reads as before"


def test_the_setting_of_the_zone_is_for_whoever_has_none_of_his_own(closeloop: Closeloop, berliner: Store):
    number = new_case(berliner)
    closeloop.patch.setenv("CLOSELOOP_ZONE", "Asia/Tokyo")
    assert "2026-03-02 10:00" in closeloop("case", "show", number, "--as", "cai").output
    assert BERLIN in closeloop("case", "show", number, "--as", "bea").output
