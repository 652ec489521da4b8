"""The monthly complaint analysis at the command line: any month, as text and as JSON (B7)."""

import pytest

from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, HOUR, START, make_move, new_case

pytestmark = pytest.mark.requirement("B7")

APRIL = START + DAY * 30


@pytest.fixture
def march(simulated: Store) -> str:
    """The number of a complaint of March that was resolved after three hours; the store's time is in April."""
    number = new_case(simulated)
    make_move(simulated, number, "classify")
    make_move(simulated, number, "investigate", cause="packing")
    make_move(simulated, number, "resolve", after=HOUR * 3)
    set_clock(simulated, APRIL)
    return number


def test_the_default_is_the_previous_month(closeloop: Closeloop, march: str):
    document = closeloop.json("analysis")
    assert (document["at"], document["over"], document["looked_back"]) == (APRIL.isoformat(), True, 3)
    assert (document["month"]["month"], document["before"]["month"]) == ("2026-03", "2026-02")
    assert (document["month"]["received"], document["month"]["closed"], document["month"]["open_at_end"]) == (1, 0, 1)
    assert document["month"]["received_by"]["cause"] == {"packing": 1}
    handling = document["month"]["handling"]
    assert (handling["late"], handling["median"], handling["rounds"]["reopened_percent"]) == (
        {"first_reply": 1},
        3.0,
        0.0,
    )
    assert handling["kept"]["solution"] == 1
    assert (document["recurrences"], document["measures"]) == ([], {"packing": []})
    assert (document["before"]["received"], document["before"]["handling"]["median"]) == (0, None)


def test_without_json_the_analysis_is_text(closeloop: Closeloop, march: str):
    output = closeloop("analysis").output
    assert "Complaint analysis 2026-03" in output
    assert "no measure yet" in output


@pytest.mark.parametrize(("month", "received", "over"), [("2026-03", 1, True), ("2026-04", 0, False)])
def test_any_month_that_has_begun_can_be_analysed(
    closeloop: Closeloop, march: str, month: str, received: int, over: bool
):
    document = closeloop.json("analysis", "--month", month)
    assert (document["month"]["month"], document["month"]["received"], document["over"]) == (month, received, over)


@pytest.mark.parametrize("month", ["2026-05", "2026-13", "2026-3", "march", "0001-01", "9999-12", "２０２６-03"])
def test_another_month_is_refused(closeloop: Closeloop, march: str, month: str):
    refused = closeloop.refused("analysis", "--month", month)
    assert (refused["code"], refused["params"]) == ("bad_month", {"value": month})


def test_json_holds_the_recurrences(closeloop: Closeloop, simulated: Store):
    numbers = [new_case(simulated) for _ in range(2)]
    for number in numbers:
        make_move(simulated, number, "classify")
        make_move(simulated, number, "investigate")
        make_move(simulated, number, "determine_responsibility", cause="handling", responsible="carrier")
    set_clock(simulated, APRIL)
    [recurrence] = closeloop.json("analysis")["recurrences"]
    assert recurrence == {
        "cause": "handling",
        "responsible": "carrier",
        "times": 2,
        "this_month": 2,
        "numbers": numbers,
    }
