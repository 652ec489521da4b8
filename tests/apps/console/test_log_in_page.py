"""Who logs in, and what happens to what he typed when his session had ended."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from apps.api.session_cookie import COOKIE
from apps.site import create_site
from engine.accounts.invitations import first_invitation
from engine.accounts.sessions import log_out
from engine.clock import system_now
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, SECRET, SUPERVISOR, add_staff
from tests.engine.accounts.people_with_accounts import PASSWORD, RULES, add_accounts

pytestmark = pytest.mark.requirement("H4")


@pytest.fixture
def visitor(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    """A browser of nobody yet; amy has an account."""
    add_accounts(sqlite_store, AGENT)
    with site_client(sqlite_settings, sqlite_store, None) as client:
        yield client


def test_who_is_not_logged_in_is_led_to_the_page_that_he_wanted(visitor: TestClient):
    asked = visitor.get("/console/cases?text=parcel")
    assert asked.status_code == 401
    assert 'name="next" value="/console/cases?text=parcel"' in asked.text
    entered = {"handle": AGENT, "password": PASSWORD, "next": "/console/cases?text=parcel"}
    answer = visitor.post("/console/login", data=entered)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/cases?text=parcel")
    assert visitor.get("/console/cases").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example.com/", "//evil.example.com", "/console//evil", "/api/v1/"])
def test_a_link_leads_nobody_elsewhere(visitor: TestClient, elsewhere: str):
    answer = visitor.post("/console/login", data={"handle": AGENT, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["location"] == "/console/"


def test_a_wrong_password_says_so_and_lets_nobody_in(visitor: TestClient):
    answer = visitor.post("/console/login", data={"handle": AGENT, "password": "guess", "next": ""})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert 'role="alert"' in answer.text


def test_what_was_typed_is_kept_when_the_session_ended_meanwhile(visitor: TestClient, sqlite_store: Store):
    csrf = log_in(visitor, sqlite_store, AGENT)
    log_out(sqlite_store, visitor.cookies[COOKIE])
    typed = {"_csrf": csrf, "_key": "k", "text": "The parcel\nis <b>broken</b>."}
    answer = visitor.post("/console/logout", data=typed)
    assert answer.status_code == 401
    assert 'name="kept.text" value="The parcel\nis &lt;b&gt;broken&lt;/b&gt;."' in answer.text
    kept = {f"kept.{name}": value for name, value in typed.items() if name != "_csrf"}
    entered = {"handle": AGENT, "password": PASSWORD, "next": "/console/logout"} | kept
    shown = visitor.post("/console/login", data=entered)
    assert shown.status_code == 200
    assert "is &lt;b&gt;broken&lt;/b&gt;." in shown.text
    assert 'action="/console/logout"' in shown.text


def test_another_site_cannot_send_a_form(visitor: TestClient, sqlite_store: Store):
    csrf = log_in(visitor, sqlite_store, AGENT)
    for data, headers in (
        ({"_csrf": ""}, {}),
        ({"_csrf": "0" * 64}, {}),
        ({"_csrf": csrf}, {"Origin": "https://evil.example.com"}),
        ({"_csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        assert visitor.post("/console/logout", data=data, headers=headers).status_code == 403
    assert visitor.get("/console/cases").status_code == 200
    assert visitor.post("/console/logout", data={"_csrf": csrf}).status_code == 303
    assert visitor.get("/console/cases").status_code == 401


def test_the_people_of_a_simulated_store_are_played_from_this_machine(visitor: TestClient, sqlite_settings: Settings):
    shown = visitor.get("/console/cases")
    people = dict(re.findall(r'<button name="handle" value="([^"]+)">.*?<span class="quiet">([^<]*)<', shown.text))
    assert people[SUPERVISOR] == "Team supervisor"
    answer = visitor.post("/console/enter", data={"handle": SUPERVISOR, "next": "/console/cases"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/cases")
    assert "Simulated store" in visitor.get("/console/cases").text
    assert visitor.post("/console/enter", data={"handle": "system"}).status_code == 401
    elsewhere = TestClient(
        create_site(sqlite_settings, RULES.hashes), "https://care.example.com", follow_redirects=False
    )
    with elsewhere:
        assert "/console/enter" not in elsewhere.get("/console/cases").text
        assert elsewhere.post("/console/enter", data={"handle": SUPERVISOR}).status_code == 401


def test_nobody_is_played_in_a_real_store(tmp_path: Path):
    settings = Settings(home=tmp_path / "home", secret=SECRET)
    create_store(settings, system_now())
    with contextlib.closing(settings.store()) as store:
        first = first_invitation(store, store.now())
        add_staff(store)
        with site_client(settings, store, None) as client:
            assert "/console/enter" not in client.get("/console/cases").text
            assert client.post("/console/enter", data={"handle": SUPERVISOR}).status_code == 401
            assert first is not None
            taken = {"code": first.code, "password": PASSWORD, "again": PASSWORD}
            assert client.post("/console/invitation", data=taken).status_code == 303
            assert first_invitation(store, store.now()) is None


def test_people_who_work_without_an_administrator_are_given_none(sqlite_store: Store):
    assert first_invitation(sqlite_store, sqlite_store.now()) is None


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_somebody_logs_in_by_his_browser(sqlite_console: Served, locale: str):
    with sqlite_console.person(None, locale) as page:
        page.goto("/")
        check_accessible(page)
        picture(page, "log-in", locale)
        page.get_by_label({"zh_CN": "账号", "en": "Handle"}[locale]).fill(AGENT)
        page.get_by_label({"zh_CN": "密码", "en": "Password"}[locale]).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".shares").wait_for()
        check_accessible(page)
