"""A browser logs in at a real provider of OpenID Connect and comes back with a session."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from apps.api import oidc
from apps.api.app import create_app
from apps.api.authentication import authenticate
from engine.accounts.accounts import disable_account
from engine.accounts.oidc_links import Identity, link
from engine.clock import system_now
from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import AGENT, START, SUPERVISOR
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

HOUSE = "http://127.0.0.1:4280"
GO, BACK, CASES = "/login/oidc", "/login/oidc/callback", "/api/v1/cases"
IDENTITIES = "/api/v1/identities"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread

    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def linked(sqlite_settings: Settings, sqlite_store: Store, issuer: str, tmp_path: Path) -> Settings:
    """Settings that name the provider, where amy and sue are linked by their subjects; the store's time is today's."""
    add_accounts(sqlite_store, AGENT, SUPERVISOR)
    for handle in (AGENT, SUPERVISOR):
        link(sqlite_store, handle, Identity(issuer, f"subject-of-{handle}"), ADMIN, START)
    set_clock(sqlite_store, system_now())
    secret = tmp_path / "oidc-secret"
    secret.write_text("its-secret\n")
    provider = {"oidc_issuer": issuer, "oidc_client_id": "closeloop", "oidc_secret_file": secret}
    return sqlite_settings.model_copy(update=provider)


def browser_at(settings: Settings) -> TestClient:
    return TestClient(
        create_app(settings, authenticate, RULES.hashes),
        HOUSE,
        headers={"Accept-Language": "en"},
        follow_redirects=False,
    )


def at_provider(there: httpx.Response, subject: str) -> str:
    """Log in at the provider's page; return the address, within our house, to which it sends the browser."""
    assert there.status_code == 303, there.text
    back = httpx.post(there.headers["location"], data={"sub": subject}).headers["location"]
    assert back.startswith(HOUSE + BACK)
    return back


def test_who_is_linked_comes_back_logged_in(linked: Settings):
    with browser_at(linked) as browser:
        back = browser.get(at_provider(browser.get(GO), f"subject-of-{AGENT}"))
        assert (back.status_code, back.headers["location"]) == (303, "/")
        assert browser.get("/api/v1/session").json()["handle"] == AGENT
        assert browser.get(CASES).status_code == 200
        [session] = browser.get("/api/v1/sessions").json()["sessions"]
        assert session["method"] == "oidc"


def test_the_second_factor_of_our_own_is_still_wanted(linked: Settings):
    with browser_at(linked) as browser:
        browser.get(at_provider(browser.get(GO), f"subject-of-{SUPERVISOR}"))
        assert browser.get(CASES).json()["code"] == "second_factor_required"


def test_an_address_links_nobody(linked: Settings):
    """The provider gives a new subject its name as its e-mail address: amy's."""
    with browser_at(linked) as browser:
        answer = browser.get(at_provider(browser.get(GO), "amy@example.com"))
        assert (answer.status_code, answer.json()["code"]) == (401, "oidc_unknown")
        assert browser.get(CASES).status_code == 401


def test_a_disabled_account_does_not_come_back_logged_in(linked: Settings, sqlite_store: Store):
    disable_account(sqlite_store, AGENT, ADMIN, sqlite_store.now())
    with browser_at(linked) as browser:
        answer = browser.get(at_provider(browser.get(GO), f"subject-of-{AGENT}"))
        assert (answer.status_code, answer.json()["code"]) == (401, "oidc_unknown")


def test_an_answer_is_worth_nothing_in_another_browser(linked: Settings):
    with browser_at(linked) as browser, browser_at(linked) as victim:
        back = at_provider(browser.get(GO), f"subject-of-{AGENT}")
        assert victim.get(back).json()["code"] == "oidc_refused"
        victim.get(GO)
        refused = victim.get(back)
        assert (refused.status_code, refused.json()["code"]) == (401, "oidc_refused")
        assert "set-cookie" not in refused.headers


def test_an_answer_is_good_once_and_for_ten_minutes(linked: Settings, sqlite_store: Store):
    with browser_at(linked) as browser:
        back = at_provider(browser.get(GO), f"subject-of-{AGENT}")
        browser.get(back)
        assert browser.get(back).json()["code"] == "oidc_refused"
        back = at_provider(browser.get(GO), f"subject-of-{AGENT}")
        set_clock(sqlite_store, sqlite_store.now() + oidc.LASTS + oidc.LASTS)
        assert browser.get(back).json()["code"] == "seal_broken"


def test_without_a_provider_there_is_no_such_log_in(sqlite_settings: Settings, sqlite_store: Store):
    with browser_at(sqlite_settings) as browser:
        for address in (GO, BACK):
            assert browser.get(address).status_code in {401, 404}
        assert browser.get(GO).json()["code"] == "oidc_off"


def test_a_provider_that_is_away_is_named(linked: Settings):
    with browser_at(linked.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})) as browser:
        answer = browser.get(GO)
        assert (answer.status_code, answer.json()["code"]) == (503, "oidc_away")


@pytest.fixture
def logged_in(linked: Settings) -> Iterator[TestClient]:
    """A browser in which amy has logged in with her password."""
    with browser_at(linked) as browser:
        answer = browser.post("/api/v1/session", json={"handle": AGENT, "password": PASSWORD})
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield browser


def link_begun(browser: TestClient, subject: str) -> str:
    """Begin to link, and log in at the provider; return the address to which it sends the browser."""
    begun = browser.post(IDENTITIES)
    assert begun.status_code == 200, begun.text
    return httpx.post(begun.json()["address"], data={"sub": subject}).headers["location"]


def subjects(browser: TestClient) -> list[str]:
    return [each["subject"] for each in browser.get(IDENTITIES).json()["identities"]]


def test_a_person_links_his_own_identity_and_undoes_it(linked: Settings, logged_in: TestClient):
    back = logged_in.get(link_begun(logged_in, "another-of-amy"))
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert subjects(logged_in) == ["subject-of-amy", "another-of-amy"]
    with browser_at(linked) as browser:
        browser.get(at_provider(browser.get(GO), "another-of-amy"))
        assert browser.get("/api/v1/session").json()["handle"] == AGENT
    for each in logged_in.get(IDENTITIES).json()["identities"]:
        assert logged_in.delete(f"{IDENTITIES}/{each['id']}").status_code == 204
        assert logged_in.delete(f"{IDENTITIES}/{each['id']}").json()["code"] == "unknown_identity"
    assert subjects(logged_in) == []
    with browser_at(linked) as browser:
        assert browser.get(at_provider(browser.get(GO), "another-of-amy")).json()["code"] == "oidc_unknown"


def test_nobody_links_another_person_s_identity(logged_in: TestClient):
    answer = logged_in.get(link_begun(logged_in, f"subject-of-{SUPERVISOR}"))
    assert answer.json()["code"] == "oidc_taken"
    assert subjects(logged_in) == ["subject-of-amy"]


def test_a_link_is_made_in_the_session_alone_that_began_it(logged_in: TestClient):
    back = link_begun(logged_in, "another-of-amy")
    logged_in.delete("/api/v1/session")
    assert logged_in.get(back).json()["code"] == "session_ended"
    answer = logged_in.post("/api/v1/session", json={"handle": AGENT, "password": PASSWORD})
    logged_in.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert logged_in.get(back).json()["code"] in {"session_ended", "oidc_refused"}
    assert subjects(logged_in) == ["subject-of-amy"]


def test_another_site_cannot_begin_a_link(logged_in: TestClient):
    del logged_in.headers["X-CSRF-Token"]
    refused = logged_in.post(IDENTITIES)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_refused")
    assert "set-cookie" not in refused.headers
