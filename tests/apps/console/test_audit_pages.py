"""Auditors see who read what, what was refused, and whether the record agrees."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from apps.principal_views import case_seen
from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.commands.refused_attempts import Attempt, keep_attempts
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, AUDITOR, SUPERVISOR, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.requirement("H1")

PAGES = ("readings", "refusals", "record")


def something_to_audit(store: Store) -> str:
    """Open a case, read its customer as an agent, and have a move refused; return its number."""
    number = new_case(store, customer="王小明", phone="13800138000")
    with store.looking() as tx:
        principal = Principal(known_actor(tx, AGENT), PrincipalKind.PERSON, "console")
    case_seen(store, principal, number, store.now())
    keep_attempts(store, [Attempt(number, "resolve", AGENT, "console", Refused("role"))], store.now())
    return number


@pytest.fixture
def client(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    add_accounts(sqlite_store, AGENT, SUPERVISOR, AUDITOR)
    with site_client(sqlite_settings, sqlite_store, None) as opened:
        yield opened


@pytest.mark.parametrize("handle", [AGENT, SUPERVISOR])
def test_only_auditors_and_administrators_come_in(client: TestClient, sqlite_store: Store, handle: str):
    csrf = log_in(client, sqlite_store, handle)
    assert [client.get(f"/console/{page}").status_code for page in PAGES] == [403, 403, 403]
    assert client.post("/console/record", data={"_csrf": csrf}).status_code == 403


def test_an_auditor_sees_who_was_shown_what(client: TestClient, sqlite_store: Store):
    number = something_to_audit(sqlite_store)
    log_in(client, sqlite_store, AUDITOR)
    page = client.get("/console/readings").text
    assert number in page
    assert "13800138000" not in page
    assert number not in client.get("/console/readings?by=nobody").text
    later = (sqlite_store.now() + timedelta(hours=9)).isoformat()
    assert number not in client.get("/console/readings", params={"since": later}).text
    wrong = client.get("/console/readings?since=tomorrow")
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (200, True)


def test_an_auditor_sees_what_was_refused(client: TestClient, sqlite_store: Store):
    number = something_to_audit(sqlite_store)
    log_in(client, sqlite_store, AUDITOR)
    assert number in client.get(f"/console/refusals?case={number}").text
    assert number not in client.get("/console/refusals?case=cp-26-999999").text


def test_an_auditor_verifies_the_record_and_sees_what_was_changed(client: TestClient, sqlite_store: Store):
    number = something_to_audit(sqlite_store)
    csrf = log_in(client, sqlite_store, AUDITOR)
    assert "The record agrees" in client.post("/console/record", data={"_csrf": csrf}).text
    with sqlite_store.writing() as tx:
        tx.run("UPDATE transition SET dest = 'closed' WHERE seq = 1")
    answer = client.post("/console/record", data={"_csrf": csrf})
    assert "does not agree" in answer.text
    assert number in answer.text


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_auditor_works_in_the_browser(sqlite_console: Served, locale: str):
    something_to_audit(sqlite_console.store)
    with sqlite_console.person(AUDITOR, locale) as page:
        for name in PAGES:
            page.goto(f"/console/{name}")
            page.locator("h1").wait_for()
            check_accessible(page)
            picture(page, f"audit-{name}", locale)
        page.locator("button.main").click()
        page.locator(".notice.good").wait_for()
        check_accessible(page)
