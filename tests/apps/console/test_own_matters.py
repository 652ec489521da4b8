"""Whom a violation is charged with reads the decision, answers it, and learns nothing else and nothing before."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from engine.actors import NewActor, add_actor
from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from models.contact import Channel, Contact
from statemachines.roles import Role
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, HANDLER, MANAGER, START, case_of, make_move, moves_of, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = [pytest.mark.requirement("F2"), pytest.mark.requirement("F3"), pytest.mark.any_database]

OFFICE = (
    NewActor("quin", (Role.QUALITY_TEAM,)),
    NewActor("eva", (Role.EVALUATION_GROUP,)),
    NewActor("ivy", (Role.INVESTIGATION_TEAM,)),
    NewActor("hera", (Role.HR,)),
)
OTHERS_WORDS = {
    "report": "Canary-report: he signs for the customers.", "reporter": "Canary-Reporter", "shipment": "CANARY1234567",
    "evidence": "Canary-evidence: three slips.", "findings": "Canary-findings: proven.", "note": "Canary-note: hush.",
    "notice": "Canary-notice: a fine.", "told": "Canary-told: settled.",
}  # fmt: skip
GROUNDS = "Article nine. Ask 13900139000."
NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
OWN = "/console/own-matters"


def reported(store: Store) -> str:
    """Let a reporter charge the handler; return the number of the violation."""
    with store.writing() as tx:
        for actor in OFFICE:
            add_actor(tx, actor)
    contact = Contact(
        row_id="-", at=START, channel=Channel.WHISTLE_PHONE, shipment=OTHERS_WORDS["shipment"],
        text=OTHERS_WORDS["report"], customer=OTHERS_WORDS["reporter"], phone="13700137000",
    )  # fmt: skip
    number = open_case(store, Opening(contact, "report"), START).number
    make_move(store, number, "take_up", "quin", category="falsification", severity="high", accused=HANDLER)
    make_move(store, number, "note", "quin", note=OTHERS_WORDS["note"])
    return number


def concluded(store: Store) -> str:
    number = reported(store)
    make_move(store, number, "form_team", "eva", lead_investigator="ivy")
    make_move(store, number, "add_evidence", "ivy", evidence=OTHERS_WORDS["evidence"])
    make_move(store, number, "conclude", "ivy", findings=OTHERS_WORDS["findings"], degree="full", proven=True)
    return number


def decided(store: Store) -> str:
    number = concluded(store)
    make_move(store, number, "decide", "hera", penalty="fine", fine=50_000, grounds=GROUNDS)
    return number


def announced(store: Store) -> str:
    number = decided(store)
    make_move(store, number, "publish_inside", "hera", notice=OTHERS_WORDS["notice"])
    make_move(
        store, number, "tell_customer", "hera", message=OTHERS_WORDS["told"], medium="phone",
        recipient=OTHERS_WORDS["reporter"],
    )  # fmt: skip
    return number


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_accounts(store, AGENT, HANDLER, MANAGER)
    with site_client(settings, store, None) as opened:
        yield opened


def test_the_accused_reads_the_decision_and_until_when_he_answers_and_nothing_of_others(
    client: TestClient, store: Store
):
    number = announced(store)
    log_in(client, store, HANDLER)
    listed, shown = client.get(OWN).text, client.get(f"{OWN}/{number}").text
    for page in (listed, shown):
        assert number in page
        assert "2026-03-09 09:00" in page, "seven days after the decision was told"
    assert ("Fine" in shown, "500.00" in shown, "Article nine." in shown) == (True, True, True)
    everything = listed + shown
    for canary in ("canary", "13700137000", "13900139000", "quin", "ivy", "hera", "eva<", "whistle", "falsif"):
        assert canary not in everything.lower(), canary
    sql = "SELECT a.handle, r.fields FROM reading r JOIN actor a ON a.id = r.actor_id"
    assert query_rows(store, sql) == [{"handle": HANDLER, "fields": "texts"}], "what he was shown is on record"


@pytest.mark.parametrize("investigated", [False, True])
def test_he_learns_nothing_before_a_decision_is_made(client: TestClient, store: Store, investigated: bool):
    number = concluded(store) if investigated else reported(store)
    csrf = log_in(client, store, HANDLER)
    nothing, empty = client.get(f"{OWN}/vi-26-999999"), client.get(OWN)
    asked = client.get(f"{OWN}/{number}")
    assert (asked.status_code, nothing.status_code) == (404, 404)
    assert same(asked.text, number) == same(nothing.text, "vi-26-999999")
    assert number not in empty.text
    sent = {"_csrf": csrf, "_key": "k", "_move": "appeal", "grounds": "No."}
    assert client.post(f"{OWN}/{number}", data=sent).status_code == 404
    assert "You are asked nothing at the moment." in empty.text


def same(page: str, number: str) -> str:
    """Return a page without what differs between any two."""
    page = page.replace(number, "NUMBER")
    return re.sub(r'name="(?:_key|_csrf)" value="[^"]*"|data-now="\d+"|[0-9a-f]{32}', "", page)


def test_nobody_else_opens_his_part_of_the_matter(client: TestClient, store: Store):
    number = announced(store)
    for handle in (AGENT, MANAGER, ADMIN):
        csrf = log_in(client, store, handle)
        assert client.get(f"{OWN}/{number}").status_code == 404, handle
        assert number not in client.get(OWN).text
        sent = {"_csrf": csrf, "_key": "k", "_move": "appeal", "grounds": "No."}
        assert client.post(f"{OWN}/{number}", data=sent).status_code == 404
    log_in(client, store, HANDLER)
    assert client.get(f"/console/cases/{number}").status_code == 404, "the case itself stays hidden from him"


def test_he_appeals_once_with_his_grounds_and_what_he_typed_is_kept_where_it_is_refused(
    client: TestClient, store: Store
):
    number = announced(store)
    csrf = log_in(client, store, HANDLER)
    blank = client.post(f"{OWN}/{number}", data={"_csrf": csrf, "_key": "a", "_move": "appeal", "grounds": " "})
    assert (blank.status_code, "field-grounds-error" in blank.text) == (422, True)
    stale = {"_csrf": csrf, "_key": "b", "_seq": "1", "_move": "appeal", "grounds": NASTY}
    refused = client.post(f"{OWN}/{number}", data=stale)
    assert (refused.status_code, "&lt;script&gt;" in refused.text, "<script>alert" in refused.text) == (
        412,
        True,
        False,
    )
    seq = str(case_of(store, number)["version"])
    sent = {"_csrf": csrf, "_key": "c", "_seq": seq, "_move": "appeal", "grounds": "It was not me."}
    for _ in range(2):  # a double click
        answer = client.post(f"{OWN}/{number}", data=sent)
        assert answer.headers["location"] == f"{OWN}?done=answered_own"
    assert moves_of(store, number).count("appeal") == 1
    (row,) = query_rows(store, "SELECT content FROM statement WHERE field = 'grounds' ORDER BY seq DESC LIMIT 1")
    assert row["content"] == "It was not me."
    assert client.get(f"{OWN}/{number}").status_code == 404, "nothing is asked of him now"


def test_he_accepts_the_decision(client: TestClient, store: Store):
    number = announced(store)
    csrf = log_in(client, store, HANDLER)
    answer = client.post(f"{OWN}/{number}", data={"_csrf": csrf, "_key": "a", "_move": "accept_decision"})
    assert (answer.status_code, case_of(store, number)["state"]) == (303, "settled")
    for move in ("note", "archive", "decide", "no_such_move"):
        assert client.post(f"{OWN}/{number}", data={"_csrf": csrf, "_key": move, "_move": move}).status_code == 404


@pytest.mark.long
@pytest.mark.parametrize(
    ("locale", "to_matters"), [("zh_CN", "查看需要我答复的事项"), ("en", "Show what you are asked")]
)
def test_the_accused_answers_the_decision_in_the_browser(
    sqlite_console: Served, sqlite_store: Store, locale: str, to_matters: str
):
    number = announced(sqlite_store)
    with sqlite_console.person(HANDLER, locale, viewport={"width": 360, "height": 740}) as page:
        page.goto("/console/me")
        page.get_by_role("link", name=to_matters).click()
        check_accessible(page)
        picture(page, "own-matters", locale)
        page.get_by_role("link", name=number).click()
        page.locator("[name=grounds]").fill("那天我不在班。" if locale == "zh_CN" else "I was not on duty that day.")
        check_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        picture(page, "own-matter", locale)
        page.locator("form[data-move=appeal] button").click()
        page.wait_for_url("**/console/own-matters?done=answered_own")
        expect(page.get_by_role("main")).not_to_contain_text(number)
    assert case_of(sqlite_store, number)["state"] == "appealed"
