"""Today's callback list at the terminal: for people with the story in one line, for programs with every field (D3)."""

import pytest

from engine.callbacks.attempts import plan
from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import DAY, START, make_move, new_case, new_resolved_case

pytestmark = pytest.mark.requirement("D3")


@pytest.fixture
def tomorrow(simulated: Store) -> str:
    """A complaint is resolved, and its callback planned for tomorrow; its number."""
    number = new_resolved_case(simulated, customer="Ms [Wang]", phone="13800138000")
    plan(simulated, START)
    return number


def test_the_list_of_today_is_empty_until_its_day(closeloop: Closeloop, tomorrow: str):
    assert closeloop.json("callbacks") == {"day": "2026-03-02", "owners": {}, "callbacks": []}
    assert "No callbacks on 2026-03-02." in closeloop("callbacks").output


def test_a_person_reads_whom_to_call_and_why(closeloop: Closeloop, simulated: Store, tomorrow: str):
    set_clock(simulated, START + DAY)
    words = closeloop("callbacks").output
    for one in ("amy", "Ms [Wang]", "13800138000", tomorrow, "2026-03-03 09:00", "2026-03-09 09:00"):
        assert one in words
    assert "Complaint · damage · round 1 · Paid in full." in words
    assert "By caller: amy 1." in words


def test_a_program_reads_every_field(closeloop: Closeloop, tomorrow: str):
    told = closeloop.json("callbacks", "--date", "2026-03-03")
    assert told["owners"] == {"amy": 1}
    [line] = told["callbacks"]
    assert (line["number"], line["owner"], line["attempt"], line["round"]) == (tomorrow, "amy", 1, 1)
    assert (line["name"], line["phone"], line["result"]) == ("Ms [Wang]", "13800138000", "Paid in full.")
    assert line["planned_at"] == (START + DAY).isoformat()


def test_each_asks_for_his_own(closeloop: Closeloop, tomorrow: str):
    assert len(closeloop.json("callbacks", "--date", "2026-03-03", "--owner", "amy")["callbacks"]) == 1
    assert closeloop.json("callbacks", "--date", "2026-03-03", "--owner", "sue")["callbacks"] == []


def test_a_long_result_is_cut_to_its_line(closeloop: Closeloop, simulated: Store):
    number = new_case(simulated)
    for move in ("classify", "investigate"):
        make_move(simulated, number, move)
    make_move(simulated, number, "resolve", result="word\n" * 40)
    plan(simulated, START)
    words = closeloop("callbacks", "--date", "2026-03-03").output
    assert "word word" in words
    assert "…" in words


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "1969-12-31", "2200-01-01", "9999-12-31"])
def test_what_is_no_day_is_refused(closeloop: Closeloop, tomorrow: str, day: str):
    refused = closeloop.refused("callbacks", "--date", day)
    assert (refused["code"], refused["params"]) == ("bad_date", {"value": day})
