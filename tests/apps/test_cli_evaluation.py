"""`closeloop evaluation`: the report of a period, for those who collect, analyse and review the service (E3)."""

import pytest

from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, START, make_move, new_case

pytestmark = pytest.mark.requirement("E3")


@pytest.fixture
def april(simulated: Store) -> str:
    """The number of a complaint of March whose cause was found; the store's time is in April."""
    number = new_case(simulated)
    make_move(simulated, number, "classify")
    make_move(simulated, number, "investigate", cause="packing")
    set_clock(simulated, START + DAY * 30)
    return number


def test_the_last_quarter_is_shown_with_its_figures_and_causes(closeloop: Closeloop, april: str):
    document = closeloop.json("evaluation")
    assert (document["period"], document["missed"], document["plans"]) == ("2026-Q1", 0, [])
    assert [(each["value"], each["count"], each["few"]) for each in document["causes"]] == [("packing", 1, True)]
    assert {"complaint_rate", "first_reply"} <= {each["name"] for each in document["indicators"]}
    text = closeloop("evaluation", "--period", "2026-03").output
    assert "2026-03" in text
    assert "80 %" in text


def test_a_period_or_an_instant_that_cannot_be_meant_is_refused(closeloop: Closeloop, april: str):
    wrong = (("--period", "2026-13"), ("--as-of", "2027-01-01T00:00:00+08:00"), ("--as-of", "yesterday"))
    codes = [closeloop.refused("evaluation", *options)["code"] for options in wrong]
    assert codes == ["bad_period", "as_of_ahead", "bad_instant"]
