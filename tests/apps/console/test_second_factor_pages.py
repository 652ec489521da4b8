"""Who decides enrols a second factor before he sees anything; who was invited sets his password first."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pyotp.totp import TOTP

from engine.accounts.invitations import invite
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, START, SUPERVISOR
from tests.engine.accounts.people_with_accounts import (
    ADMIN,
    HALF_MINUTE,
    OTHER_PASSWORD,
    PASSWORD,
    add_accounts,
    enrolled,
)

pytestmark = pytest.mark.requirement("H4")
BOARD = "/console/cases?level=2"


@pytest.fixture
def visitor(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    add_accounts(sqlite_store, AGENT, SUPERVISOR)
    with site_client(sqlite_settings, sqlite_store, None) as client:
        yield client


def csrf_in(page: str) -> str:
    found = re.search(r'name="_csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def secret_in(page: str) -> str:
    found = re.search(r"<kbd>([A-Z2-7]{16,})</kbd>", page)
    assert found is not None
    return found[1]


def entered(handle: str, **more: str) -> dict[str, str]:
    return {"handle": handle, "password": PASSWORD, "next": BOARD} | more


def test_a_supervisor_enrols_before_he_sees_anything(visitor: TestClient):
    visitor.post("/console/login", data=entered(SUPERVISOR))
    wanted = visitor.get(BOARD)
    assert (wanted.status_code, wanted.headers["location"]) == (
        303,
        "/console/second-factor?to=%2Fconsole%2Fcases%3Flevel%3D2",
    )
    offered = visitor.get(wanted.headers["location"])
    forms = {"_csrf": csrf_in(offered.text), "next": BOARD}
    shown = visitor.post("/console/second-factor/enrol", data=forms)
    secret = secret_in(shown.text)
    assert "data:image/svg+xml" in shown.text
    uri = f"otpauth://totp/x?secret={secret}"
    wrong = visitor.post(
        "/console/second-factor/confirmation", data=forms | {"code": "000000", "uri": uri, "secret": secret}
    )
    assert (wrong.status_code, secret_in(wrong.text)) == (422, secret)
    right = visitor.post("/console/second-factor/confirmation", data=forms | {"code": TOTP(secret).at(START)})
    assert right.status_code == 200
    assert len(re.findall(r"<li><kbd>", right.text)) >= 8
    assert f'href="{BOARD}"' in right.text
    assert visitor.get(BOARD).status_code == 200


def test_a_code_that_is_missing_is_given_afterwards(visitor: TestClient, sqlite_store: Store):
    app, _, session = enrolled(sqlite_store, SUPERVISOR)
    lacking = visitor.post("/console/login", data=entered(SUPERVISOR))
    assert lacking.status_code == 401  # with a second factor its code belongs to the log-in
    code = app.at(START + HALF_MINUTE)
    assert visitor.post("/console/login", data=entered(SUPERVISOR, code=code)).status_code == 303
    assert session.handle == SUPERVISOR


def test_who_was_invited_sets_his_password_and_logs_in(visitor: TestClient, sqlite_store: Store):
    code = invite(sqlite_store, AGENT, ADMIN, START).code
    assert visitor.get("/login/invitation").headers["location"] == "/console/invitation"
    page = visitor.get("/console/invitation").text
    assert "data-from-hash" in page
    weak = visitor.post("/console/invitation", data={"code": code, "password": "short", "again": "short"})
    assert (weak.status_code, f'value="{code}"' in weak.text) == (422, True)
    differ = {"code": code, "password": OTHER_PASSWORD, "again": PASSWORD}
    assert visitor.post("/console/invitation", data=differ).status_code == 422
    done = visitor.post("/console/invitation", data=differ | {"again": OTHER_PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/console/login?notice=welcome")
    assert "Your password is set" in visitor.get(done.headers["location"]).text
    used = visitor.post("/console/invitation", data=differ | {"again": OTHER_PASSWORD})
    assert "not valid" in used.text
    assert visitor.post("/console/login", data=entered(AGENT)).status_code == 401
    again = entered(AGENT) | {"password": OTHER_PASSWORD}
    assert visitor.post("/console/login", data=again).status_code == 303


def test_a_visitor_changes_his_password_and_ends_other_sessions(visitor: TestClient, sqlite_store: Store):
    log_in(visitor, sqlite_store, AGENT)
    csrf = log_in(visitor, sqlite_store, AGENT)
    page = visitor.get("/console/me").text
    [other] = re.findall(r'action="(/console/me/sessions/[0-9a-z]+/end)"', page)
    assert visitor.post(other, data={"_csrf": csrf}).status_code == 303
    assert re.findall(r'action="/console/me/sessions/', visitor.get("/console/me").text) == []
    wrong = visitor.post(
        "/console/me/password",
        data={"_csrf": csrf, "old": "guess", "new": OTHER_PASSWORD, "again": OTHER_PASSWORD},
    )
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)
    changed = {"_csrf": csrf, "old": PASSWORD, "new": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    done = visitor.post("/console/me/password", data=changed)
    assert (done.status_code, visitor.get("/console/me?done=password").status_code) == (303, 200)


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_administrator_invites_and_the_invited_comes_in(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    code = invite(store, SUPERVISOR, ADMIN, store.now()).code
    with sqlite_console.person(None, locale) as page:
        page.goto(f"/login/invitation#{code}")
        assert page.input_value("#code") == code
        assert page.url.endswith("/console/invitation")
        check_accessible(page)
        picture(page, "invitation", locale)
        page.fill("#password", OTHER_PASSWORD)
        page.fill("#again", OTHER_PASSWORD)
        page.click("button.main")
        page.fill("#handle", SUPERVISOR)
        page.fill("#password", OTHER_PASSWORD)
        page.click("button.main")
        check_accessible(page)
        page.click("button.main")
        page.locator("img[src^='data:']").wait_for()
        check_accessible(page)
        picture(page, "second-factor", locale)
        page.fill("#code", TOTP(page.locator("kbd").inner_text()).at(store.now()))
        page.click("button.main")
        page.locator("ul kbd").first.wait_for()
        check_accessible(page)
        picture(page, "recovery-codes", locale)
        page.click("a.button")
        page.get_by_role("link", name=SUPERVISOR).click()
        page.locator("#password-title").wait_for()
        check_accessible(page)
        picture(page, "own-settings", locale)
