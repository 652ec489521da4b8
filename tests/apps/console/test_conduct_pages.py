"""The quality team draws contacts and scores them; the scored person reads his sheet and objects (F5)."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import Page, expect

from engine.access.reading_log import readings
from engine.accounts.invitations import accept, invite
from engine.rules.checklists import checklists
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, AUDITOR, HANDLER, START, SUPERVISOR, make_move, new_case, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts
from tests.engine.conduct.reviewed_contacts import QIN, QIU, reviewer, spoken_contacts
from tests.engine.rules.sample_rules import EVA, add_evaluator

pytestmark = [pytest.mark.requirement("F5"), pytest.mark.any_database]

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
DRAW = {"conduct_channel": "phone", "first_day": "2026-03-02", "last_day": "2026-03-02", "sample_size": "3"}
ITEMS = [item.code for item in checklists()["phone"].items]
MARKS = dict.fromkeys(ITEMS, "passed")
FAILED = MARKS | {"answer": "failed", "note_answer": "He named no date."}


def add_reviewers(store: Store) -> None:
    for handle in (QIN, QIU):
        reviewer(store, handle)


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    """The console over a store with three telephone calls of Amy's."""
    add_reviewers(store)
    add_evaluator(store)
    add_accounts(store, AGENT, HANDLER, SUPERVISOR, AUDITOR, QIN, QIU, EVA)
    spoken_contacts(store, 3)
    with site_client(settings, store, None) as opened:
        yield opened


def sent(client: TestClient, store: Store, path: str, data: dict[str, str], by: str = QIN) -> Response:
    """Send a form of the pages of conduct as somebody."""
    return client.post(f"/console/conduct{path}", data={"_csrf": log_in(client, store, by), **data})


def shown(client: TestClient, store: Store, path: str, by: str = QIN) -> str:
    log_in(client, store, by)
    answer = client.get(f"/console/conduct{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_reviewer_draws_and_the_draw_says_from_what(client: TestClient, store: Store):
    drawn = sent(client, store, "/draws", DRAW)
    assert (drawn.status_code, drawn.headers["location"]) == (303, "/console/conduct/draws/1?done=drawn")
    page = shown(client, store, "/draws/1")
    [row] = query_rows(store, "SELECT * FROM conduct_draw")
    assert row["seed"] in page
    assert "population and sample are the same" in page
    assert len(re.findall(r'href="/console/conduct/draws/1/\d"', page)) == 3
    assert "No. 1" in shown(client, store, "")


def test_a_form_that_is_sent_twice_draws_once(client: TestClient, store: Store):
    for _ in range(2):
        assert sent(client, store, "/draws", DRAW | {"sample_size": "1", "_key": "0123456789abcdef"}).status_code == 303
    assert len(query_rows(store, "SELECT * FROM conduct_draw")) == 1


def test_what_was_typed_stays_where_a_draw_is_refused(client: TestClient, store: Store):
    refused = sent(client, store, "/draws", DRAW | {"last_day": "2026-02-02", "sample_size": "7"})
    assert refused.status_code == 422
    assert 'value="2026-02-02"' in refused.text
    assert 'value="7"' in refused.text
    assert "The period ends before it begins" in refused.text
    assert sent(client, store, "/draws", DRAW | {"sample_size": "many"}).status_code == 422


def test_a_contact_is_scored_and_its_score_stands_in_the_draw(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    page = shown(client, store, "/draws/1/1")
    assert "We are looking for it." in page
    assert all(item.text["en"] in page for item in checklists()["phone"].items)
    scored = sent(client, store, "/draws/1/1", FAILED | {"closing": "not_observed", "_seq": "0"})
    assert (scored.status_code, scored.headers["location"]) == (303, "/console/conduct/draws/1?done=scored")
    draw = shown(client, store, "/draws/1")
    assert "77.8" in draw
    assert "90 %" in draw


def test_a_failed_item_without_a_note_is_named_there_and_nothing_typed_is_lost(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    refused = sent(
        client, store, "/draws/1/1", FAILED | {"note_answer": " ", "note_greeting": "Friendly.", "_seq": "0"}
    )
    assert refused.status_code == 422
    assert 'id="error-answer"' in refused.text
    assert 'value="Friendly."' in refused.text
    assert re.search(r'name="answer" value="failed" required checked', refused.text)
    assert query_rows(store, "SELECT * FROM conduct_sheet") == []


def test_who_has_not_seen_the_newest_sheet_is_told(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    sent(client, store, "/draws/1/1", MARKS | {"_seq": "0"}, by=QIU)
    refused = sent(client, store, "/draws/1/1", FAILED | {"_seq": "0"})
    assert refused.status_code == 412
    assert "scored meanwhile" in refused.text
    assert sent(client, store, "/draws/1/1", FAILED | {"_seq": "1"}).status_code == 422
    corrected = sent(client, store, "/draws/1/1", FAILED | {"_seq": "1", "_reason": "I listened again."})
    assert corrected.status_code == 303
    page = shown(client, store, "/draws/1/1")
    assert "I listened again." in page
    assert "Sheet 1 by qiu" in page


@pytest.mark.requirement("F3")
def test_a_reviewer_does_not_score_his_own_contact(client: TestClient, store: Store):
    make_move(store, new_case(store), "reply", by=QIN)
    sent(client, store, "/draws", DRAW | {"staff_member": QIN}, by=QIU)
    assert "Another reviewer scores it" in shown(client, store, "/draws/1/1")
    assert sent(client, store, "/draws/1/1", MARKS | {"_seq": "0"}).status_code == 403
    assert sent(client, store, "/draws/1/1", MARKS | {"_seq": "0"}, by=QIU).status_code == 303


def test_the_scored_person_reads_his_sheet_and_objects_and_another_reviewer_answers(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    sent(client, store, "/draws/1/1", FAILED | {"_seq": "0"})
    own = shown(client, store, "/own", AGENT)
    assert "He named no date." in own
    assert "None of your contacts" in shown(client, store, "/own", HANDLER)
    assert sent(client, store, "/own/1", {"objection": "  "}, AGENT).status_code == 422
    assert sent(client, store, "/own/1", {"objection": "I named Monday."}, HANDLER).status_code == 404
    assert sent(client, store, "/own/1", {"objection": "I named Monday."}, AGENT).status_code == 303
    assert "objection to answer" in shown(client, store, "/draws/1")
    assert "Answer the objection" not in shown(client, store, "/draws/1/1", QIN)
    assert "Answer the objection" in shown(client, store, "/draws/1/1", QIU)
    answer = {"objection_answer": "True: it is in the text."}
    assert sent(client, store, "/draws/1/1/answers/1", answer).status_code == 403
    assert sent(client, store, "/draws/1/1/answers/1", answer, QIU).status_code == 303
    assert "True: it is in the text." in shown(client, store, "/own", AGENT)


def test_the_figures_name_intervals_and_no_ranks(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    sent(client, store, "/draws/1/1", MARKS | {"_seq": "0"})
    page = shown(client, store, "/figures?since=2026-03-02&until=2026-03-02")
    assert "20.7 – 100.0 %" in page  # Wilson's interval of 1 in 1
    assert "no ranking" in page
    assert "hotline" in shown(client, store, "/figures?since=2026-03-02&until=2026-03-02&by=department").lower()
    assert "ends before it begins" in shown(client, store, "/figures?since=2026-03-03&until=2026-03-02")
    assert shown(client, store, "/figures?since=yesterday")


@pytest.mark.requirement("H1")
def test_who_reviews_sees_no_numbers_and_is_in_the_reading_log(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    drawn = "SELECT c.number FROM conduct_sample s JOIN cases c ON c.id = s.case_id ORDER BY position"
    number = query_rows(store, drawn)[0]["number"]
    sql = "UPDATE statement SET content = 'Call 13800138000.' WHERE field = 'message'"
    with store.writing() as tx:
        tx.run(sql)
    page = shown(client, store, "/draws/1/1")
    assert "Call ***." in page
    assert "13800138000" not in page
    found = readings(store, AUDITOR, store.now(), 10, number=number, actor=QIN)
    assert [each.fields for each in found] == [("texts",)]


def test_nothing_that_was_typed_runs_in_the_page(client: TestClient, store: Store):
    sent(client, store, "/draws", DRAW)
    sent(client, store, "/draws/1/1", FAILED | {"note_answer": NASTY, "_seq": "0"})
    sent(client, store, "/own/1", {"objection": NASTY}, AGENT)
    sent(client, store, "/draws/1/1/answers/1", {"objection_answer": NASTY}, QIU)
    sent(client, store, "/draws/1/1", FAILED | {"note_answer": NASTY, "_reason": NASTY, "_seq": "1"})
    pages = [shown(client, store, path, by) for path, by in (("/draws/1/1", QIN), ("/own", AGENT))]
    assert all("&lt;script&gt;" in page and "<script>alert" not in page and "<img src=x" not in page for page in pages)


def test_an_evaluation_group_reads_the_checklists_among_the_rules(client: TestClient, store: Store):
    log_in(client, store, EVA)
    page = client.get("/console/rules/checklist/phone").text
    assert all(item.text["en"] in page for item in checklists()["phone"].items)
    assert "Checklists of conduct in force" in client.get("/console/rules").text


LOCALES = pytest.mark.parametrize("locale", ["zh_CN", "en"])
CALLS = {
    "zh_CN": (
        "王女士您好，我是客服小李。货物已在武汉分拨中心找到，明天下午五点前送到，届时我再给您电话确认。",
        "您好，破损的两箱我们已登记，理赔专员会联系您。",
        "李先生您好，您要的提单号我查到了，改址手续今天下班前办好。",
        "赵女士您好，退款已转财务，周三前到账，到账后我给您回电。",
    ),
    "en": (
        "Good morning Ms Wang, this is Amy. Your goods are at the Wuhan hub; they arrive tomorrow by five.",
        "Good morning. We have noted the two broken boxes; somebody from claims will call you.",
        "Good morning Mr Li, I have found your waybill. The new address is entered before we close today.",
        "Good morning Ms Zhao, the refund is with our accounts and reaches you by Wednesday; I call you when it has.",
    ),
}
NOTES = {"zh_CN": "没有说明由谁、何时之前答复。", "en": "He did not say who will answer, and until when."}
OBJECTIONS = {
    "zh_CN": "通话中已说明理赔专员周一前联系，请核对录音。",
    "en": "I said that claims calls by Monday; listen to the recording.",
}
ANSWERS = {"zh_CN": "录音属实，已请评分人更正。", "en": "The recording says so. I asked for a correction."}


def mark(page: Page, found: dict[str, str]) -> None:
    """Choose the outcome of each item of the form."""
    for code in ITEMS:
        page.locator(f"input[name={code}][value={found.get(code, 'passed')}]").check()


def draw_in_browser(page: Page) -> None:
    """Draw four telephone calls by the form."""
    page.goto("/console/conduct")
    page.locator("[name=conduct_channel]").select_option("phone")
    page.locator("[name=first_day]").fill("2026-03-02")
    page.locator("[name=last_day]").fill("2026-03-02")
    page.locator("[name=sample_size]").fill("4")
    page.locator("main form button.main").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    check_accessible(page)


def score_in_browser(page: Page, position: int, locale: str) -> None:
    """Score a contact: the closing was not observed, and in the second contact the answer failed."""
    page.goto(f"/console/conduct/draws/1/{position}")
    mark(page, {"closing": "not_observed"} | ({"answer": "failed"} if position == 2 else {}))
    if position == 2:
        page.locator("[name=note_answer]").fill(NOTES[locale])
        check_accessible(page)
        picture(page, "conduct-sheet", locale)
    page.locator("main form button.main").click()
    expect(page.locator("[role=status].good")).to_be_visible()


def object_in_browser(page: Page, locale: str) -> None:
    """Object to the sheet of the second contact."""
    page.goto("/console/conduct/own")
    section = page.locator("section", has=page.locator(".badge.bad"))
    section.locator("summary").click()
    form = section.locator("form")
    form.locator("[name=objection]").fill(OBJECTIONS[locale])
    form.locator("button").click()
    expect(page.locator("[role=status].good")).to_be_visible()
    check_accessible(page)
    picture(page, "conduct-own", locale)


@pytest.mark.long
@LOCALES
def test_in_a_browser_a_sample_is_drawn_scored_objected_to_and_counted(sqlite_console: Served, locale: str):
    """Nine tenths of each contact were observed; what was not observed is neither passed nor failed."""
    store = sqlite_console.store
    add_reviewers(store)
    for handle in (QIN, QIU):
        accept(store, invite(store, handle, ADMIN, START).code, PASSWORD, START, RULES)
    for text in CALLS[locale]:
        make_move(store, new_case(store, text=text), "reply", by=AGENT, message=text)
    with sqlite_console.person(QIN, locale) as page:
        draw_in_browser(page)
        for position in range(1, 5):
            score_in_browser(page, position, locale)
        picture(page, "conduct-draw", locale)
        page.goto("/console/conduct/figures?since=2026-03-02&until=2026-03-02")
        expect(page.locator("tbody tr").first).to_contain_text("90.0 %")
        check_accessible(page)
        picture(page, "conduct-figures", locale)
        page.goto("/console/conduct")
        check_accessible(page)
    with sqlite_console.person(AGENT, locale) as page:
        object_in_browser(page, locale)
    with sqlite_console.person(QIU, locale) as page:
        page.goto("/console/conduct/draws/1/2")
        page.locator("[name=objection_answer]").fill(ANSWERS[locale])
        page.locator("form[action*='/answers/'] button").click()
        expect(page.locator("[role=status].good")).to_be_visible()
        check_accessible(page)
