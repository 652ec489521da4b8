"""The page of greetings: who was greeted, who was not and why, by month, and who withdrew (D3)."""

import pytest
from httpx import Response

from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, check_accessible, log_in, site_client
from tests.case_actions import AGENT, DAY, MANAGER
from tests.engine.accounts.people_with_accounts import add_accounts
from tests.engine.care.greeted import FESTIVAL, agreed, answers, claimed, customer

pytestmark = [pytest.mark.requirement("D3"), pytest.mark.any_database]


def greeted(store: Store) -> str:
    """Let one customer be greeted on a festival, and another not, who then withdraws; return a case of his."""
    agreed(store)
    agreed(store, customer="Li", email="li@example.com")
    complaint = customer(store, "complaint")
    claimed(store, FESTIVAL)
    answers(store, complaint, agrees=False, at=FESTIVAL + DAY)
    set_clock(store, FESTIVAL + 2 * DAY)
    return complaint


@pytest.fixture
def complaint(store: Store) -> str:
    add_accounts(store, *HANDLES)
    return greeted(store)


def got(settings: Settings, store: Store, handle: str, address: str) -> Response:
    with site_client(settings, store, None) as client:
        log_in(client, store, handle)
        return client.get(f"/console{address}")


def test_a_manager_finds_it_beside_the_evaluation_and_sees_who_was_not_greeted_and_why(
    settings: Settings, store: Store, complaint: str
):
    assert "/console/greetings?period=2026-06" in got(settings, store, MANAGER, "/evaluation?period=2026-06").text
    text = got(settings, store, MANAGER, "/greetings").text
    assert "complaint open: 1" in text
    assert "1 withdrawals in this period" in text
    assert text.count(f'href="/console/cases/{complaint}"') == 2
    only = got(settings, store, MANAGER, "/greetings?period=2026-06&outcome=waiting").text
    assert only.count(f'href="/console/cases/{complaint}"') == 1


def test_it_is_not_for_an_agent_and_refuses_what_is_no_period(settings: Settings, store: Store, complaint: str):
    assert got(settings, store, AGENT, "/greetings").status_code == 403
    assert got(settings, store, MANAGER, "/greetings?period=2026-13").status_code == 422


@pytest.mark.long
def test_it_can_be_read_by_everybody(sqlite_console: Served, sqlite_store: Store):
    greeted(sqlite_store)
    with sqlite_console.person(MANAGER, "zh_CN") as browser:
        browser.goto("/console/greetings?period=2026-06")
        check_accessible(browser)
