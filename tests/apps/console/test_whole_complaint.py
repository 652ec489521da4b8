"""A whole complaint from the customer's form to the archive, with browsers only: nobody enters a command.

Between two visits the driver works and time passes, as on any other day.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from engine.accounts.customer_keys import link_of
from gateways.telephone import CallList
from tests.apps.web_site import Served
from tests.case_actions import AGENT, DIRECTOR, HANDLER, MANAGER, SUPERVISOR, history_of
from tests.conftest import work_on
from tests.stories.story import Story

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.long, pytest.mark.requirement("B1"), pytest.mark.requirement("D3")]

WANG = "wang@example.com"
Let = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def story(console: Served) -> Story:
    """What happens without people: the driver's work, and the passing of time."""
    work = work_on(console.store)
    work.telephone = CallList()  # as in a real store: people call
    return Story(work)


@pytest.fixture
def let() -> Iterator[Let]:
    """Run something beside the browser, whose own loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(act).result()


def make_move(page: "Page", number: str, move: str, **fields: str) -> None:
    """Go from the page of a case to a move, fill in its form and send it."""
    page.goto(f"/console/cases/{number}")
    page.locator(f'.moves a[href$="/moves/{move}"]').click()
    for name, value in fields.items():
        field = page.locator(f"#field-{name}")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#move button.main").click()
    expect(page.locator(".notice.good")).to_be_visible()


def write_to_us(console: Served) -> str:
    """The customer fills in the portal's form; return the number that he is given."""
    with console.person(None) as customer:
        customer.goto("/portal/contact")
        customer.locator("select[name=nature]").select_option("complaint")
        customer.locator("textarea[name=text]").fill("The box arrived broken, and the china in it.")
        customer.locator("input[name=customer]").fill("Ms Wang")
        customer.locator("input[name=phone]").fill("13800138000")
        customer.locator("input[name=email]").fill(WANG)
        customer.locator("main form button").last.click()
        heading = customer.get_by_role("heading", name=re.compile(r"cp-\d\d-\d{6}"))
        expect(heading).to_be_visible()
        found = re.search(r"cp-\d\d-\d{6}", heading.inner_text())
    assert found is not None
    return found[0]


def answer(console: Served, story: Story) -> None:
    """The agent finds the case in the queue, hands it to a handler and answers the customer."""
    number = story.number
    with console.person(AGENT) as agent:
        agent.goto("/console/cases?share=all")
        expect(agent.get_by_role("link", name=number)).to_be_visible()
        if story.state == "received":
            make_move(agent, number, "classify", category="damage", severity="high", department="claims")
        make_move(agent, number, "reply", message="We are looking into it.")


def investigate(console: Served, number: str) -> None:
    """The handler says what happened; the supervisor and his manager settle who answers for it, one after the other."""
    with console.person(HANDLER) as handler:
        make_move(handler, number, "investigate", findings="The pallet fell from the lift.")
    with console.person(SUPERVISOR) as supervisor:
        supervisor.goto("/console/board")
        supervisor.locator(".tile a").first.click()
        expect(supervisor.get_by_role("link", name=number)).to_be_visible()
        judged = {"cause": "handling", "responsible": "carrier", "degree": "full", "evidence": "The photos."}
        make_move(supervisor, number, "determine_responsibility", **judged)
    with console.person(MANAGER) as manager:
        confirmed = {"confirmed_cause": "handling", "confirmed_responsible": "carrier", "confirmed_degree": "full"}
        make_move(manager, number, "confirm_responsibility", **confirmed)


def resolve(console: Served, number: str) -> None:
    """The handler tells the customer the solution and the result."""
    with console.person(HANDLER) as handler:
        make_move(handler, number, "propose_solution", solution="We pay for the china.")
        make_move(handler, number, "resolve", result="Paid in full.", message="We have paid in full.")


def call_back(console: Served, number: str) -> None:
    """Somebody who did not handle the case calls the customer, who is satisfied."""
    with console.person(DIRECTOR) as caller:
        caller.goto("/console/callbacks")
        caller.get_by_role("link", name=number).click()
        caller.locator("#field-outcome").select_option("satisfied")
        caller.locator('form[data-move="revisit"] button.main').click()
        expect(caller.locator(".notice.good")).to_be_visible()


def read_the_result(console: Served, number: str) -> None:
    """The customer follows the link of a letter and reads what was said to him, and nothing else."""
    with console.person(None) as customer:
        customer.goto(f"/portal/link/{link_of(console.store.secret, number, WANG, console.store.now())}")
        expect(customer.get_by_text("We have paid in full.")).to_be_visible()
        expect(customer.get_by_text("The pallet fell")).to_have_count(0)


def test_a_complaint_goes_from_the_portal_to_the_archive_by_browsers_alone(console: Served, story: Story, let: Let):
    story.number = write_to_us(console)
    let(story.settle)
    answer(console, story)
    let(lambda: story.after(hours=1))
    investigate(console, story.number)
    resolve(console, story.number)
    let(lambda: story.after(days=1))
    call_back(console, story.number)
    let(lambda: story.after(days=4))
    assert (story.state, story.moves[-1]) == ("archived", "archive")
    read_the_result(console, story.number)
    doors = {move["via"] for move in history_of(console.store, story.number)}
    assert doors <= {"portal", "console", "flow", "timer"}
    let(story.assert_consistent)
