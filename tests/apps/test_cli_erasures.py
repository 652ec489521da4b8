"""``case erase``: an administrator erases a personal text, or all texts of a closed case."""

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, HOUR, make_move, new_case, query_rows
from tests.erasures import ADMINISTRATOR, administrator_of

pytestmark = pytest.mark.requirement("H1")
WHY = ("--reason", "She asks for it.", "--as", ADMINISTRATOR)


@pytest.fixture
def number(simulated: Store) -> str:
    administrator_of(simulated)
    return new_case(simulated, text="My name is Wang Fang.", demand="Call my husband.")


def test_one_text_is_gone_from_the_history(closeloop: Closeloop, number: str):
    document = closeloop.json("case", "erase", number, "1", "text", *WHY)
    assert document == {"case": number, "erased": [{"seq": 1, "field": "text"}], "customer": None, "mails": 0}
    history = closeloop("case", "history", number, "--json").out
    assert "Wang Fang" not in history
    assert "Call my husband." in history
    assert closeloop.json("verify")["ok"]


def test_all_texts_of_a_case_are_erased_once_it_is_closed(closeloop: Closeloop, number: str, simulated: Store):
    assert closeloop.refused("case", "erase", number, *WHY)["code"] == "case_not_closed"
    make_move(simulated, number, "withdraw", after=HOUR)
    assert len(closeloop.json("case", "erase", number, *WHY)["erased"]) >= 2
    assert "Call my husband." not in closeloop("case", "history", number, "--json").out
    assert closeloop.json("case", "erase", number, *WHY)["erased"] == []


@pytest.fixture
def two(simulated: Store) -> tuple[str, str]:
    """A closed case and an open one of one customer."""
    administrator_of(simulated)
    closed, still_open = (
        new_case(simulated, row_id=row_id, customer="王芳", phone="13800138000") for row_id in ("1", "2")
    )
    make_move(simulated, closed, "withdraw", after=HOUR)
    return closed, still_open


def test_the_customer_of_a_closed_case_is_erased_with_its_texts(
    closeloop: Closeloop, simulated: Store, two: tuple[str, str]
):
    closed, still_open = two
    assert closeloop.json("case", "erase", closed, *WHY)["customer"] is False
    assert [row["name"] for row in query_rows(simulated, "SELECT name FROM party")] == ["王芳"]
    make_move(simulated, still_open, "withdraw", after=HOUR)
    assert closeloop.json("case", "erase", closed, *WHY)["customer"] is True
    assert [row["name"] for row in query_rows(simulated, "SELECT name FROM party")] == [None]
    assert closeloop.json("verify")["ok"]


def test_a_person_reads_whether_the_customer_was_erased(closeloop: Closeloop, simulated: Store, two: tuple[str, str]):
    closed, still_open = two
    assert "another case of the same person is open" in closeloop("case", "erase", closed, *WHY).out
    make_move(simulated, still_open, "withdraw", after=HOUR)
    assert "name, number and address are erased" in closeloop("case", "erase", closed, *WHY).out
    assert "Nothing was left" in closeloop("case", "erase", closed, *WHY).out


def test_what_is_refused_says_what_would_be_right(closeloop: Closeloop, number: str):
    assert closeloop.refused("case", "erase", number, "1", "text", "--as", ADMINISTRATOR)["code"] == "no_reason"
    assert closeloop.refused("case", "erase", number, "1", "text", *WHY[:2], "--as", AGENT)["code"] == "not_in_charge"
    refused = closeloop.refused("case", "erase", number, "1", *WHY)
    assert refused["code"] == "unknown_text"
    assert {"1 demand", "1 text"} <= set(refused["params"]["known"])
