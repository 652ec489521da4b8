"""A customer answers a survey by the link of its letter: once, in words that are meant for him, or not at all (E1)."""

import pytest
from playwright.sync_api import expect

from engine.accounts.customer_keys import link_of
from engine.store import Store
from engine.surveys.call_off import call_off
from engine.surveys.draw import draw, send_out
from engine.surveys.invite import invite, uninvited
from tests.apps.portal.visitors import Visitor
from tests.apps.web_site import Served, check_accessible
from tests.case_actions import START, case_of, history_of, make_move
from tests.engine.surveys.surveyed_customers import customers_of_february, plan, planner

pytestmark = pytest.mark.requirement("E1")

FEBRUARY = plan(since=START.replace(month=2, day=1), until=START.replace(day=1))


def invited(store: Store) -> str:
    """Invite Wu to a survey; return the number of his invitation."""
    customers_of_february(store, "wu")
    send_out(store, planner(store), draw(store, planner(store), FEBRUARY, START), START)
    number = invite(store, uninvited(store)[0], "Invitation to a periodic survey", START, "flow")
    make_move(store, number, "invite", "system")
    return number


def test_he_answers_once_and_a_second_answer_by_the_desk_is_refused(visitor: Visitor):
    number = invited(visitor.store)
    visitor.log_in(number)
    page = visitor.get("/case").text
    assert "You are asked how satisfied you are." in page
    assert "Are you satisfied with our service?" in page
    assert "Add photos" not in page
    answer = visitor.does("revisit", outcome="satisfied", timeliness="4", words="Punctual.")
    assert answer.headers["location"] == "/portal/case?done=revisit"
    assert case_of(visitor.store, number)["state"] == "answered"
    assert (history_of(visitor.store, number)[-1]["move"], history_of(visitor.store, number)[-1]["via"]) == (
        "revisit", "portal",
    )  # fmt: skip
    page = visitor.get("/case").text
    assert "We have your answer. Thank you." in page
    assert "the result, and rate us" not in page
    assert "Answer the survey</button>" not in page


def test_he_declines_for_ever(guest: Visitor):
    number = invited(guest.store)
    guest.log_in(number)
    answer = guest.does("decline", never="true")
    assert answer.headers["location"] == "/portal/case?done=decline"
    assert '"never":true' in case_of(guest.store, number)["variables"]
    assert "This survey is over for you" in guest.get("/case").text


def test_whoever_opens_the_link_of_a_survey_that_was_called_off_reads_why(visitor: Visitor):
    number = invited(visitor.store)
    visitor.log_in(number)
    call_off(visitor.store, planner(visitor.store), 1, "The questions were <wrong>.", START)
    page = visitor.get("/case").text
    assert "This survey was called off: The questions were &lt;wrong&gt;." in page
    assert "Answer the survey</button>" not in page


@pytest.mark.long
def test_in_a_browser_the_page_of_the_link_can_be_read_and_worked_by_everybody(sqlite_console: Served):
    store = sqlite_console.store
    number = invited(store)
    with sqlite_console.person(None, "en") as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, 'wu@example.com', START)}")
        check_accessible(page)
        page.locator("#move-revisit [name=outcome]").first.select_option("satisfied")
        page.locator("#move-revisit button").click()
        expect(page.locator("[role=status]")).to_be_visible()
    assert case_of(store, number)["state"] == "answered"
