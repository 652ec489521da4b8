"""Administrators look after people, tokens, webhooks, what was given up, and exports, without a command line."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from engine.accounts.invitations import accept, invite
from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DIRECTOR,
    HANDLER,
    MANAGER,
    START,
    SUPERVISOR,
    execute_sql,
    new_case,
    query_rows,
)
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts
from tests.engine.attachments.evidence import attach_files, contents_in, photo

pytestmark = pytest.mark.requirement("H3")

PAGES = ("people", "tokens", "webhooks", "dead-letters", "classifier", "file-erasures")
XSS = "<script>alert(1)</script>"


@pytest.fixture
def client(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    add_accounts(sqlite_store, AGENT, HANDLER, SUPERVISOR, MANAGER, DIRECTOR, AUDITOR)
    with site_client(sqlite_settings, sqlite_store, None) as opened:
        yield opened


@pytest.fixture
def csrf(client: TestClient, sqlite_store: Store) -> str:
    return log_in(client, sqlite_store, ADMIN)


@pytest.mark.parametrize("handle", [AGENT, HANDLER, SUPERVISOR, MANAGER, AUDITOR])
def test_only_administrators_come_in(client: TestClient, sqlite_store: Store, handle: str):
    csrf = log_in(client, sqlite_store, handle)
    for page in PAGES:
        assert client.get(f"/console/{page}").status_code == 403, page
    for path in ("people", "people/amy", "people/amy/reset", "tokens", "webhooks", "dead-letters", "classifier/train"):
        assert client.post(f"/console/{path}", data={"_csrf": csrf}).status_code == 403, path
    assert client.get("/console/exports").status_code == (200 if handle == AUDITOR else 403)
    assert client.get("/console/admin").status_code == (200 if handle == AUDITOR else 403)


def test_each_page_of_an_administrator_opens(client: TestClient, csrf: str):
    for page in ("admin", "exports", *PAGES):
        answer = client.get(f"/console/{page}")
        assert (answer.status_code, "<h1>" in answer.text) == (200, True), page
    assert 'href="/console/admin"' in client.get("/console/cases").text


def test_a_person_is_added_invited_changed_and_disabled(client: TestClient, csrf: str, sqlite_store: Store):
    added = {"_csrf": csrf, "handle": "lin", "roles": ["agent", "handler"], "department": "claims", "locale": "zh_TW"}
    assert client.post("/console/people", data=added).headers["location"] == "/console/people/lin?done=person_added"
    shown = client.post("/console/people/lin/invite", data={"_csrf": csrf})
    link = re.search(r"/login/invitation#([0-9a-z]+-[0-9a-f]{64})", shown.text)
    assert link is not None
    taken = {"code": link[1], "password": PASSWORD, "again": PASSWORD}
    assert client.post("/console/invitation", data=taken).status_code == 303
    changed = {"_csrf": csrf, "roles": "handler", "department": "claims", "boss": SUPERVISOR, "locale": "zh_CN"}
    assert client.post("/console/people/lin", data=changed).status_code == 303
    page = client.get("/console/people/lin").text
    assert f'<option value="{SUPERVISOR}" selected' in page
    assert client.post("/console/people/lin/disable", data={"_csrf": csrf}).status_code == 303
    assert "disabled" in client.get("/console/people").text


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(client: TestClient, csrf: str):
    typed = {"_csrf": csrf, "handle": "lin", "roles": "agent", "email": f'no"address{XSS}', "locale": "en"}
    answer = client.post("/console/people", data=typed)
    assert answer.status_code == 422
    assert 'value="lin"' in answer.text
    assert XSS not in answer.text
    missing = client.post("/console/people", data={"_csrf": csrf, "handle": "lin"})
    assert (missing.status_code, 'id="field-roles-error"' in missing.text) == (422, True)


@pytest.mark.requirement("H1")
@pytest.mark.requirement("A10")
def test_a_file_is_erased_by_its_number_and_id_with_a_reason(client: TestClient, csrf: str, sqlite_store: Store):
    number = new_case(sqlite_store)
    [file] = attach_files(sqlite_store, number, ("label.jpg", photo()))
    named = {"case_number": number, "attachment_id": file.id}
    page = client.get("/console/file-erasures", params=named).text
    assert f'value="{number}"' in page
    assert f'value="{file.id}"' in page
    without = client.post("/console/file-erasures", data={"_csrf": csrf, **named})
    assert (without.status_code, 'id="field-reason-error"' in without.text) == (422, True)
    assert contents_in(sqlite_store)
    done = client.post("/console/file-erasures", data={"_csrf": csrf, **named, "reason": "It shows her address."})
    assert done.headers["location"] == "/console/file-erasures?done=file_erased"
    assert contents_in(sqlite_store) == []
    other = client.post("/console/file-erasures", data={"_csrf": csrf, **named, "case_number": "x", "reason": "It is."})
    assert (other.status_code, 'role="alert"' in other.text) == (404, True)


@pytest.mark.requirement("A10")
def test_who_sees_the_files_is_shown_their_ids_and_an_administrator_the_way_to_erase(
    client: TestClient, sqlite_store: Store
):
    number = new_case(sqlite_store)
    [file] = attach_files(sqlite_store, number, ("label.jpg", photo()))
    way = f"/console/file-erasures?case_number={number}&amp;attachment_id={file.id}"
    log_in(client, sqlite_store, AGENT)
    page = client.get(f"/console/cases/{number}/attachments").text
    assert (f"<code>{file.id}</code>" in page, way in page) == (True, False)
    with sqlite_store.writing() as tx:
        add_actor(tx, NewActor("eve", (Role.AGENT, Role.ADMINISTRATOR)))
    accept(sqlite_store, invite(sqlite_store, "eve", ADMIN, START).code, PASSWORD, START, RULES)
    log_in(client, sqlite_store, "eve")
    assert way in client.get(f"/console/cases/{number}/attachments").text


def test_the_last_administrator_is_not_locked_out(client: TestClient, csrf: str):
    answer = client.post(f"/console/people/{ADMIN}/disable", data={"_csrf": csrf})
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert client.get("/console/people").status_code == 200


def test_a_token_is_shown_once_and_revoked(client: TestClient, csrf: str):
    made = client.post("/console/tokens", data={"_csrf": csrf, "handle": AGENT, "days": "30", "scopes": "cases:read"})
    token = re.search(r"<kbd>(\w+_[0-9a-z]{12}_[0-9a-f]{64})</kbd>", made.text)
    assert token is not None
    bearer = {"Authorization": f"Bearer {token[1]}"}
    assert client.get("/api/v1/cases", headers=bearer).status_code == 200
    page = client.get("/console/tokens").text
    assert token[1] not in page
    revoke = re.search(r'action="(/console/tokens/[0-9a-z]+/revoke)"', page)
    assert revoke is not None
    assert client.post(revoke[1], data={"_csrf": csrf}).status_code == 303
    assert client.get("/api/v1/cases", headers=bearer).status_code == 401


def test_a_webhook_is_subscribed_once_however_often_the_form_is_sent(client: TestClient, csrf: str):
    form = {"_csrf": csrf, "_key": "k1", "url": "https://hooks.example.com/in", "events": "case.resolved"}
    first, again = client.post("/console/webhooks", data=form), client.post("/console/webhooks", data=form)
    assert (first.status_code, again.status_code) == (200, 200)
    page = client.get("/console/webhooks").text
    assert page.count("https://hooks.example.com/in") == 1
    assert "whsec_" in first.text
    assert "whsec_" not in page
    [end] = re.findall(r'action="(/console/webhooks/\d+/end)"', page)
    assert client.post(end, data={"_csrf": csrf}).status_code == 303
    refused = client.post("/console/webhooks", data=form | {"_key": "k2", "url": "http://example.com"})
    assert (refused.status_code, 'value="http://example.com"' in refused.text) == (422, True)


def test_a_whole_export_leaves_its_trace_and_a_usual_one_has_no_names(client: TestClient, csrf: str):
    usual = client.post("/console/exports", data={"_csrf": csrf, "format": "jsonl"})
    assert (usual.status_code, "attachment" in usual.headers["content-disposition"]) == (200, True)
    assert ADMIN not in re.findall(r"<td[^>]*>(\w+)</td>", client.get("/console/exports").text)
    assert client.post("/console/exports", data={"_csrf": csrf, "format": "csv", "whole": "true"}).status_code == 200
    assert f">{ADMIN}</td>" in client.get("/console/exports").text
    assert client.post("/console/exports", data={"_csrf": csrf, "format": "exe"}).status_code == 404


def test_an_administrator_who_reads_no_case_is_led_on(client: TestClient, csrf: str):
    assert csrf
    page = client.get("/console/cases").text
    assert "Your roles read no cases." in page
    assert page.count('href="/console/admin"') >= 2, "from the menu and from the empty list"


def test_an_empty_store_offers_a_sandbox_once_and_is_marked_as_one(client: TestClient, csrf: str, sqlite_store: Store):
    assert 'action="/console/sandbox"' in client.get("/console/admin").text
    assert client.post("/console/sandbox", data={"_csrf": csrf}).headers["location"] == "/console/admin?done=sandbox"
    page = client.get("/console/cases").text
    assert "Sandbox" in page
    page = client.get("/console/admin").text
    assert 'action="/console/sandbox"' not in page
    for handle in ("li.na", "zhao.qiang"):
        assert f'href="/console/people/{handle}"' in page, "he sees no case himself, and is told as whom to come in"
    assert client.post("/console/sandbox", data={"_csrf": csrf}).status_code == 422
    with sqlite_store.looking() as tx:
        waiting = tx.row("SELECT count(*) AS n, max(at) AS latest FROM arrival")
    assert (waiting.n, waiting.latest) == (60, to_micros(sqlite_store.now()))
    assert verify(sqlite_store).ok


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_administrator_looks_after_the_house_in_the_browser(sqlite_console: Served, locale: str):
    with sqlite_console.person(ADMIN, locale) as page:
        for name in (
            "admin",
            "people",
            f"people/{AGENT}",
            "tokens",
            "webhooks",
            "dead-letters",
            "classifier",
            "exports",
        ):
            page.goto(f"/console/{name}")
            page.locator("h1").wait_for()
            check_accessible(page)
            picture(page, f"administration-{name.replace('/', '-')}", locale)
        page.set_viewport_size({"width": 360, "height": 740})
        for name in ("admin", "people", f"people/{AGENT}", "tokens", "webhooks"):
            page.goto(f"/console/{name}")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, name


GIVE_UP = """
INSERT INTO delivery (case_id, seq, reaction, status, tries, next_at, error)
SELECT id, 1, 'acknowledge_contact', 'dead', 5, 0, 'SMTPServerDisconnected' FROM cases
"""


def test_an_administrator_is_led_to_the_page_that_mends_what_is_in_trouble(
    client: TestClient, csrf: str, sqlite_store: Store
):
    link = '<a href="/console/dead-letters">Dead letters</a></td>'
    assert link not in client.get("/console/admin").text
    new_case(sqlite_store)
    execute_sql(sqlite_store, GIVE_UP)
    page = client.get("/console/admin").text
    assert link in page
    assert "closeloop dead" not in page
    log_in(client, sqlite_store, AUDITOR)
    assert link not in client.get("/console/admin").text, "who only watches is not led to where he may not go"


@pytest.mark.long
def test_a_dead_letter_is_tried_again_and_another_dropped_with_its_reason_in_the_browser(sqlite_console: Served):
    """The administrator reads no case, so he decides without learning their numbers (H1)."""
    store = sqlite_console.store
    numbers = [new_case(store, row_id="1"), new_case(store, row_id="2")]
    execute_sql(store, GIVE_UP)
    with sqlite_console.person(ADMIN) as page:
        page.goto("/console/dead-letters")
        check_accessible(page)
        assert not any(number in page.content() for number in numbers)
        letters = page.locator("tbody tr", has=page.locator("button[value=retry]"))
        assert letters.count() == 2
        letters.first.locator("button[value=retry]").click()
        page.locator(".notice.good").wait_for()
        assert letters.count() == 1
        letters.locator("button[value=drop]").click()
        page.locator("[role=alert]").wait_for()
        page.goto("/console/dead-letters")
        assert letters.count() == 1, "nothing is dropped without a reason"
        letters.locator("input[name=reason]").fill("The customer was called.")
        letters.locator("button[value=drop]").click()
        page.locator(".notice.good").wait_for()
        assert letters.count() == 0
    rows = query_rows(store, "SELECT status, drop_reason FROM delivery ORDER BY case_id")
    assert rows == [
        {"status": "waiting", "drop_reason": None}, {"status": "done", "drop_reason": "The customer was called."},
    ]  # fmt: skip
