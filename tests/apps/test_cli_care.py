"""The commands about greetings: what a customer told the desk, and what was sent and withheld."""

import pytest

from engine.create_store import set_clock
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, HANDLER
from tests.engine.care.greeted import DRAGON_BOAT, FESTIVAL, agreed, claimed, customer

pytestmark = pytest.mark.requirement("D3")


def test_an_agent_records_what_a_customer_told_him(closeloop: Closeloop, simulated: Store):
    number = customer(simulated)
    said = ("--source", "phone", "--as", AGENT)
    document = closeloop.json("care", "answer", number, "--says", "agrees", "--birthday", "05-31", *said)
    assert document == {"case": number, "agrees": True, "source": "phone"}
    assert "no more greetings" in closeloop("care", "answer", number, "--says", "withdraws", *said).output
    figures = closeloop.json("care", "figures")
    assert (figures["agreed"], figures["withdrawn"], figures["opt_outs"]) == (0, 1, 1)


def test_a_birthday_that_is_none_and_somebody_who_is_not_of_the_desk_are_refused(
    closeloop: Closeloop, simulated: Store
):
    number = customer(simulated)
    wrong = ("--birthday", "31.5.", "--source", "phone", "--as", AGENT)
    assert closeloop.refused("care", "answer", number, "--says", "agrees", *wrong)["code"] == "bad_birthday"
    by_handler = ("--source", "phone", "--as", HANDLER)
    refused = closeloop.refused("care", "answer", number, "--says", "agrees", *by_handler)
    assert refused["code"] in {"not_in_charge", "unknown_case"}


def test_the_figures_say_what_was_withheld_and_why(closeloop: Closeloop, simulated: Store):
    agreed(simulated)
    agreed(simulated, customer="Li", email="li@example.com")
    customer(simulated, "complaint")
    assert claimed(simulated, FESTIVAL) == ["li@example.com"]
    set_clock(simulated, FESTIVAL)
    figures = closeloop.json("care", "figures", "--since", "2026-06-01", "--until", "2026-06-30")
    assert figures["occasions"] == [
        {"occasion": DRAGON_BOAT, "sent": 0, "waiting": 1, "withheld": {"complaint_open": 1}}
    ]
    shown = closeloop("care", "figures", "--since", "2026-06-01", "--until", "2026-06-30").output
    assert "complaint open: 1" in shown


def test_the_list_says_who_was_greeted_who_was_not_and_who_withdrew(closeloop: Closeloop, simulated: Store):
    agreed(simulated)
    agreed(simulated, customer="Li", email="li@example.com")
    complaint = customer(simulated, "complaint")
    claimed(simulated, FESTIVAL)
    set_clock(simulated, FESTIVAL)
    closeloop("care", "answer", complaint, "--says", "withdraws", "--source", "mail", "--as", AGENT)
    document = closeloop.json("care", "list", "--period", "2026-06")
    lines = [(line["number"], line["outcome"], line["reason"]) for line in document["greetings"]]
    assert lines == [(complaint, "withheld", "complaint_open"), ("iq-26-000002", "waiting", None)]
    only = closeloop.json("care", "list", "--period", "2026-06", "--outcome", "waiting")["greetings"]
    assert [line["number"] for line in only] == ["iq-26-000002"]
    year = closeloop.json("care", "list", "--period", "2026")
    assert [month["month"] for month in year["months"] if month["occasions"]] == ["2026-06"]
    assert [(each["number"], each["source"]) for each in year["withdrawals"]] == [(complaint, "mail")]
    assert "Dragon Boat" in closeloop("care", "list", "--period", "2026-06").output
