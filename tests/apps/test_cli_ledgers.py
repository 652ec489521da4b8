"""The ledger of recoveries at the command line."""

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import START, contact


@pytest.fixture
def claimed(simulated: Store) -> str:
    """A recovery of 1,234.56 yuan, of which 1,000 have come in."""
    set_clock(simulated, START)
    number = open_case(simulated, Opening(contact(), "recovery", actor="mei"), START).number
    advance(simulated, Command(number, "claim", {"claimed": 123_456}, actor="mei"), START)
    advance(simulated, Command(number, "receive_payment", {"amount": 100_000, "recovered": 100_000}, "han"), START)
    return number


@pytest.mark.requirement("B4")
def test_the_ledger_tells_what_was_claimed_and_what_came_in(closeloop: Closeloop, claimed: str):
    [entry] = closeloop.json("recoveries")["recoveries"]
    assert entry == {
        "number": claimed,
        "complaint": None,
        "claimed": 123_456,
        "recovered": 100_000,
        "written_off": 0,
        "outstanding": 23_456,
        "state": "claimed",
    }


@pytest.mark.requirement("B4")
def test_people_read_yuan_and_words(closeloop: Closeloop, claimed: str):
    words = closeloop("recoveries").output
    assert all(text in words for text in (claimed, "1,234.56", "1,000.00", "234.56", "Claimed · awaits payment"))


def test_an_empty_ledger_says_so(closeloop: Closeloop, simulated: Store):
    assert closeloop.json("recoveries") == {"recoveries": []}
    assert "Nothing is being claimed back." in closeloop("recoveries").output
