"""The callback list of a day: one line for each case as text, every field as JSON (D3)."""

import pytest

from engine.callbacks.attempts import plan
from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, START, make_move, new_case, new_resolved_case

pytestmark = pytest.mark.requirement("D3")


@pytest.fixture
def case_to_call(simulated: Store) -> str:
    """The number of a resolved complaint whose callback is planned for tomorrow."""
    number = new_resolved_case(simulated, customer="Ms [Wang]", phone="13800138000")
    plan(simulated, START)
    return number


def test_the_list_of_today_is_empty_until_its_day(closeloop: Closeloop, case_to_call: str):
    assert closeloop.json("callbacks") == {"day": "2026-03-02", "owners": {}, "callbacks": []}
    assert "No callbacks on 2026-03-02." in closeloop("callbacks").output


def test_the_text_names_whom_to_call_and_why(closeloop: Closeloop, simulated: Store, case_to_call: str):
    set_clock(simulated, START + DAY)
    output = closeloop("callbacks").output
    for text in ("amy", "Ms [Wang]", "13800138000", case_to_call, "2026-03-03 09:00", "2026-03-09 09:00"):
        assert text in output
    assert "Complaint · damage · round 1 · Paid in full." in output
    assert "By caller: amy 1." in output


def test_json_holds_every_field(closeloop: Closeloop, case_to_call: str):
    document = closeloop.json("callbacks", "--date", "2026-03-03")
    assert document["owners"] == {"amy": 1}
    [line] = document["callbacks"]
    assert (line["number"], line["owner"], line["attempt"], line["round"]) == (case_to_call, "amy", 1, 1)
    assert (line["name"], line["phone"], line["result"]) == ("Ms [Wang]", "13800138000", "Paid in full.")
    assert line["planned_at"] == (START + DAY).isoformat()


def test_the_list_can_be_limited_to_one_caller(closeloop: Closeloop, case_to_call: str):
    assert len(closeloop.json("callbacks", "--date", "2026-03-03", "--owner", "amy")["callbacks"]) == 1
    assert closeloop.json("callbacks", "--date", "2026-03-03", "--owner", "sue")["callbacks"] == []


def test_a_long_result_is_cut_to_one_line(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    for move in ("classify", "investigate"):
        make_move(simulated, number, move)
    make_move(simulated, number, "resolve", result="word\n" * 40)
    plan(simulated, START)
    output = closeloop("callbacks", "--date", "2026-03-03").output
    assert "word word" in output
    assert "…" in output


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "1969-12-31", "2200-01-01", "9999-12-31"])
def test_an_invalid_day_is_refused(closeloop: Closeloop, case_to_call: str, day: str):
    refused = closeloop.refused("callbacks", "--date", day)
    assert (refused["code"], refused["params"]) == ("bad_date", {"value": day})
