"""People log in at the API by a browser: cookie, token against forgery, second factor, password, invitation."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pyotp.totp import TOTP

from apps.api.app import create_app
from apps.api.authentication import authenticate
from engine.accounts.accounts import disable_account
from engine.accounts.invitations import invite
from engine.accounts.tokens import NewToken, create_token
from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import AGENT, HANDLER, START, SUPERVISOR
from tests.engine.accounts.people_with_accounts import ADMIN, OTHER_PASSWORD, PASSWORD, RULES, add_accounts

pytestmark = pytest.mark.requirement("H4")

HTTPS, LOOPBACK = "https://care.example.com", "http://127.0.0.1:4280"
CASES, SESSION = "/api/v1/cases", "/api/v1/session"


@pytest.fixture
def browser(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    """A browser at the address of the house, where amy and sue have accounts."""
    add_accounts(sqlite_store, AGENT, SUPERVISOR)
    with opened(sqlite_settings) as client:
        yield client


def opened(settings: Settings, address: str = HTTPS) -> TestClient:
    headers = {"Accept-Language": "en", "User-Agent": "Firefox/140"}
    return TestClient(create_app(settings, authenticate, RULES.hashes), address, headers=headers)


def log_in(browser: TestClient, handle: str = AGENT, **more: str) -> Response:
    answer = browser.post(SESSION, json={"handle": handle, "password": PASSWORD} | more)
    if answer.status_code == 201:
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


def code_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_who_logs_in_reads_and_writes_by_his_cookie(browser: TestClient):
    assert code_of(browser.get(CASES)) == (401, "token_missing")
    answer = log_in(browser)
    assert (answer.status_code, answer.json()["handle"]) == (201, AGENT)
    assert browser.get(CASES).status_code == 200
    assert browser.post(CASES, json={"text": "My parcel is late."}).status_code == 201
    shown = browser.get(SESSION).json()
    assert (shown["handle"], shown["complete"], shown["csrf"]) == (AGENT, True, answer.json()["csrf"])


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_open_lines(
    browser: TestClient, sqlite_settings: Settings
):
    cookie = log_in(browser).headers["set-cookie"]
    name, _, attributes = cookie.partition("=")
    assert name == "__Host-closeloop"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes.split("; "))
    assert "Domain" not in attributes
    with opened(sqlite_settings, LOOPBACK) as here:
        assert "Secure" not in log_in(here).headers["set-cookie"]
    with opened(sqlite_settings, "http://10.0.0.5") as open_line:
        assert "Secure" in log_in(open_line).headers["set-cookie"]


def test_another_site_cannot_write_in_the_name_of_who_is_logged_in(browser: TestClient):
    csrf = log_in(browser).json()["csrf"]
    case = {"text": "My parcel is late."}
    del browser.headers["X-CSRF-Token"]
    for headers in (
        {},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": csrf, "Origin": "https://evil.example.com"},
        {"X-CSRF-Token": csrf, "Origin": "null"},
        {"X-CSRF-Token": csrf, "Origin": "http://care.example.com"},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-site"},
    ):
        assert code_of(browser.post(CASES, json=case, headers=headers)) == (403, "csrf_refused"), headers
        assert code_of(browser.delete(SESSION, headers=headers)) == (403, "csrf_refused"), headers
    good = {"X-CSRF-Token": csrf, "Origin": HTTPS, "Sec-Fetch-Site": "same-origin"}
    assert browser.post(CASES, json=case, headers=good).status_code == 201


def test_another_site_cannot_log_a_browser_in(browser: TestClient):
    for headers in ({"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = browser.post(SESSION, json={"handle": AGENT, "password": PASSWORD}, headers=headers)
        assert code_of(answer) == (403, "csrf_refused")


def test_a_cookie_from_before_the_log_in_is_worth_nothing(browser: TestClient):
    """Session fixation: an attacker sets a cookie, the victim logs in, the attacker's cookie stays worthless."""
    log_in(browser)
    prepared = browser.cookies["__Host-closeloop"]
    log_in(browser)
    assert browser.cookies["__Host-closeloop"] != prepared
    browser.cookies.clear()
    browser.cookies.set("__Host-closeloop", f"{'a' * 12}.{'0' * 64}")
    assert code_of(browser.get(CASES)) == (401, "session_ended")


def test_what_is_wrong_is_not_told(browser: TestClient, sqlite_store: Store):
    disable_account(sqlite_store, SUPERVISOR, ADMIN, START)
    answers = [
        browser.post(SESSION, json={"handle": handle, "password": password})
        for handle, password in (
            (AGENT, OTHER_PASSWORD),
            ("nobody", PASSWORD),
            (SUPERVISOR, PASSWORD),
            (HANDLER, PASSWORD),
        )
    ]
    assert {code_of(answer) for answer in answers} == {(401, "log_in_refused")}
    bodies = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in answers]
    assert bodies.count(bodies[0]) == 4
    assert not [answer for answer in answers if "set-cookie" in answer.headers]


def test_after_ten_tries_the_answer_says_how_long_to_wait(browser: TestClient):
    for _ in range(10):
        browser.post(SESSION, json={"handle": AGENT, "password": OTHER_PASSWORD})
    answer = browser.post(SESSION, json={"handle": AGENT, "password": PASSWORD})
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "900"


def test_who_logs_out_is_out(browser: TestClient):
    log_in(browser)
    cookie = browser.cookies["__Host-closeloop"]
    answer = browser.delete(SESSION)
    assert answer.status_code == 204
    assert 'closeloop=""' in answer.headers["set-cookie"]
    browser.cookies.set("__Host-closeloop", cookie)
    assert code_of(browser.get(CASES)) == (401, "session_ended")


def test_a_session_elsewhere_is_listed_and_ended(browser: TestClient, sqlite_settings: Settings):
    with opened(sqlite_settings) as phone:
        log_in(phone)
        log_in(browser)
        listed = browser.get("/api/v1/sessions").json()["sessions"]
        assert [session["current"] for session in listed].count(True) == 1
        [elsewhere] = [session for session in listed if not session["current"]]
        assert elsewhere["agent"] == "Firefox/140"
        assert browser.delete(f"/api/v1/sessions/{elsewhere['id']}").status_code == 204
        assert code_of(phone.get(CASES)) == (401, "session_ended")
        assert code_of(browser.delete(f"/api/v1/sessions/{elsewhere['id']}")) == (404, "unknown_session")


def test_nobody_ends_the_session_of_another(browser: TestClient, sqlite_settings: Settings):
    with opened(sqlite_settings) as other:
        log_in(other, SUPERVISOR)
        session_id = other.cookies["__Host-closeloop"].partition(".")[0]
        log_in(browser)
        assert code_of(browser.delete(f"/api/v1/sessions/{session_id}")) == (403, "not_in_charge")


def test_who_decides_enrols_a_second_factor_before_anything_else(browser: TestClient, sqlite_store: Store):
    log_in(browser, SUPERVISOR)
    assert code_of(browser.get(CASES)) == (403, "second_factor_required")
    assert code_of(browser.get("/api/v1/sessions")) == (403, "second_factor_required")
    assert not browser.get(SESSION).json()["complete"]
    made = browser.post("/api/v1/second-factor").json()
    assert made["uri"].startswith("otpauth://totp/closeloop:sue?")
    app = TOTP(made["secret"])
    answer = browser.post("/api/v1/second-factor/confirmation", json={"code": app.at(START)})
    browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert len(answer.json()["recovery_codes"]) == 10
    assert browser.get(CASES).status_code == 200
    later = START + timedelta(hours=1)
    set_clock(sqlite_store, later)
    assert code_of(log_in(browser, SUPERVISOR)) == (401, "log_in_refused")
    assert log_in(browser, SUPERVISOR, code=app.at(later)).json()["second_factor"]


def test_a_changed_password_gives_a_new_cookie(browser: TestClient):
    log_in(browser)
    before = browser.cookies["__Host-closeloop"]
    answer = browser.post("/api/v1/password", json={"old": PASSWORD, "new": "short"})
    assert code_of(answer) == (422, "password_short")
    answer = browser.post("/api/v1/password", json={"old": PASSWORD, "new": OTHER_PASSWORD})
    assert answer.status_code == 200
    assert browser.cookies["__Host-closeloop"] != before
    assert browser.get(CASES).status_code == 200


def test_an_invitation_sets_the_first_password(browser: TestClient, sqlite_store: Store):
    code = invite(sqlite_store, HANDLER, ADMIN, START).code
    shown = browser.post("/api/v1/invitation/check", json={"code": code})
    assert (shown.status_code, shown.json()["handle"]) == (200, HANDLER), "to look at it uses nothing up"
    accepted = browser.post("/api/v1/invitation", json={"code": code, "password": PASSWORD})
    assert (accepted.status_code, accepted.json()) == (200, {"handle": HANDLER})
    assert log_in(browser, HANDLER).status_code == 201
    again = browser.post("/api/v1/invitation", json={"code": code, "password": OTHER_PASSWORD})
    assert code_of(again) == (422, "invitation_invalid")


def test_an_address_tries_invitations_thirty_times_a_quarter_of_an_hour(browser: TestClient):
    body = {"code": f"{'a' * 12}-{'0' * 64}", "password": PASSWORD}
    codes = [code_of(browser.post("/api/v1/invitation", json=body)) for _ in range(31)]
    assert codes == [(422, "invitation_invalid")] * 30 + [(429, "rate_limited")]


def test_a_token_needs_no_token_against_forgery_and_comes_before_a_cookie(browser: TestClient, sqlite_store: Store):
    log_in(browser)
    del browser.headers["X-CSRF-Token"]
    token = create_token(sqlite_store, NewToken(AGENT), AGENT, START).token
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.post(CASES, json={"text": "My parcel is late."}, headers=bearer).status_code == 201
    assert code_of(browser.get(CASES, headers={"Authorization": "Bearer x"})) == (401, "token_invalid")


@pytest.mark.parametrize(
    "address", ["/api/v1/session", "/api/v1/password", "/api/v1/invitation", "/api/v1/invitation/check"]
)
def test_fields_that_no_one_asked_for_are_refused(browser: TestClient, address: str):
    log_in(browser)
    assert code_of(browser.post(address, json={"handle": AGENT, "roles": "administrator"})) == (422, "bad_request")
