"""The page of matters of the staff: what is opened there, and who sees whose trainings (E5, E6, J1, J2)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import expect

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, HANDLER, START, SUPERVISOR, query_rows
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("E5"), pytest.mark.requirement("J2"), pytest.mark.any_database]

PAGE = "/console/staff-matters"
MATTER = {"kind": "training", "pack": "logistics", "text": "A course for han."}


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_accounts(store, AGENT, HANDLER, SUPERVISOR)
    with site_client(settings, store, None) as opened:
        yield opened


def sent(client: TestClient, store: Store, by: str, **fields: str) -> Response:
    return client.post(PAGE, data={"_csrf": log_in(client, store, by), **fields})


def test_a_supervisor_opens_a_training_and_its_first_step_asks_for_the_trainee(client: TestClient, store: Store):
    opened = sent(client, store, SUPERVISOR, **MATTER)
    [case] = query_rows(store, "SELECT number FROM cases WHERE kind = 'training'")
    assert (opened.status_code, opened.headers["location"]) == (303, f"/console/cases/{case['number']}")
    assert "/moves/propose" in client.get(f"/console/cases/{case['number']}").text


def test_who_reads_no_trainings_opens_none_but_makes_a_proposal(client: TestClient, store: Store):
    refused = sent(client, store, AGENT, **MATTER)
    assert refused.status_code == 422
    assert query_rows(store, "SELECT 1 AS one FROM cases") == []
    assert sent(client, store, AGENT, **MATTER | {"kind": "staff_proposal"}).status_code == 303


def test_a_matter_without_words_is_refused_and_keeps_what_was_chosen(client: TestClient, store: Store):
    refused = sent(client, store, SUPERVISOR, **MATTER | {"text": " ", "kind": "appraisal"})
    assert refused.status_code == 422
    assert '<option value="appraisal" selected' in refused.text


def test_the_trainee_sees_his_training_in_the_plan_and_a_colleague_does_not(client: TestClient, store: Store):
    sent(client, store, SUPERVISOR, **MATTER)
    [case] = query_rows(store, "SELECT number FROM cases WHERE kind = 'training'")
    form = {"course": "parcel_handling", "trainee": HANDLER, "department": "claims"}
    advance(store, Command(case["number"], "propose", form, actor=SUPERVISOR), START)
    for who, sees in ((HANDLER, True), (SUPERVISOR, True), (AGENT, False)):
        log_in(client, store, who)
        assert ("parcel_handling" in client.get(f"{PAGE}?year=2026").text) is sees


def test_a_year_that_is_none_is_refused(client: TestClient, store: Store):
    log_in(client, store, SUPERVISOR)
    assert client.get(f"{PAGE}?year=20").status_code == 422


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_supervisor_reads_the_plan_of_trainings_in_the_browser(
    sqlite_console: Served, sqlite_store: Store, locale: str
):
    words = "装卸差错增多。" if locale == "zh_CN" else "Loading goes wrong too often."
    with sqlite_console.person(SUPERVISOR, locale) as page:
        page.goto(PAGE)
        page.locator("[name=kind]").select_option("training")
        page.locator("[name=text]").fill(words)
        page.locator("main form[method=post] button").click()
        page.wait_for_url("**/console/cases/*")
        number = page.url.rpartition("/")[2]
        form = {"course": "parcel_handling", "trainee": HANDLER, "department": "claims"}
        advance(sqlite_store, Command(number, "propose", form, actor=SUPERVISOR), START)
        page.goto(f"{PAGE}?year=2026")
        expect(page.get_by_role("main")).to_contain_text("parcel_handling")
        check_accessible(page)
        picture(page, "staff-matters", locale)
