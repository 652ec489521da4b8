"""``case follow-up`` records what a customer says when he contacts us again, wherever his case has gone."""

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, moves_of, new_case

pytestmark = pytest.mark.requirement("A6")


def test_a_further_contact_is_recorded_on_the_customers_case(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    answer = closeloop.json("case", "follow-up", number, "--text", "Now it leaks.", "--as", AGENT)
    assert (answer["case"], moves_of(simulated, number)) == (number, ["open", "follow_up"])


def test_a_case_that_no_customer_has_takes_none(closeloop: Closeloop, simulated: Store):
    number = closeloop.json("case", "open", "--kind", "interruption", "--text", "Flood.", "--as", AGENT)["case"]
    refused = closeloop.refused("case", "follow-up", number, "--text", "When?", "--as", AGENT)
    assert refused["code"] == "no_follow_up"
