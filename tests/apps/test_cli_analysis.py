"""The monthly complaint analysis at the command line: last month or any other, for people and for programs (B7)."""

import pytest

from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, HOUR, START, make_move, new_case

pytestmark = pytest.mark.requirement("B7")

APRIL = START + DAY * 30


@pytest.fixture
def march(simulated: Store) -> str:
    """A complaint of March that was resolved after three hours; its number. Now it is April."""
    number = new_case(simulated)
    make_move(simulated, number, "classify")
    make_move(simulated, number, "investigate", cause="packing")
    make_move(simulated, number, "resolve", after=HOUR * 3)
    set_clock(simulated, APRIL)
    return number


def test_it_tells_of_last_month(closeloop: Closeloop, march: str):
    told = closeloop.json("analysis")
    assert (told["at"], told["over"], told["looked_back"]) == (APRIL.isoformat(), True, 3)
    assert (told["month"]["month"], told["before"]["month"]) == ("2026-03", "2026-02")
    assert (told["month"]["received"], told["month"]["closed"], told["month"]["open_at_end"]) == (1, 0, 1)
    assert told["month"]["received_by"]["cause"] == {"packing": 1}
    handling = told["month"]["handling"]
    assert (handling["late"], handling["median"], handling["reopened_percent"]) == ({"first_reply": 1}, 3.0, 0.0)
    assert handling["kept"]["solution"] == 1
    assert (told["recurrences"], told["measures"]) == ([], {"packing": []})
    assert (told["before"]["received"], told["before"]["handling"]["median"]) == (0, None)


def test_a_person_reads_it_in_words(closeloop: Closeloop, march: str):
    words = closeloop("analysis").output
    assert "Complaint analysis 2026-03" in words
    assert "no measure yet" in words


@pytest.mark.parametrize(("month", "received", "over"), [("2026-03", 1, True), ("2026-04", 0, False)])
def test_it_tells_of_any_month_that_has_begun(closeloop: Closeloop, march: str, month: str, received: int, over: bool):
    told = closeloop.json("analysis", "--month", month)
    assert (told["month"]["month"], told["month"]["received"], told["over"]) == (month, received, over)


@pytest.mark.parametrize("month", ["2026-05", "2026-13", "2026-3", "march", "0001-01", "9999-12", "２０２６-03"])
def test_another_month_is_refused(closeloop: Closeloop, march: str, month: str):
    refused = closeloop.refused("analysis", "--month", month)
    assert (refused["code"], refused["params"]) == ("bad_month", {"value": month})


def test_recurrences_and_measures_are_there_for_programs(closeloop: Closeloop, simulated: Store):
    numbers = [new_case(simulated) for _ in range(2)]
    for number in numbers:
        make_move(simulated, number, "classify")
        make_move(simulated, number, "investigate")
        make_move(simulated, number, "determine_responsibility", cause="handling", responsible="carrier")
    set_clock(simulated, APRIL)
    [again] = closeloop.json("analysis")["recurrences"]
    assert again == {"cause": "handling", "responsible": "carrier", "times": 2, "this_month": 2, "numbers": numbers}
