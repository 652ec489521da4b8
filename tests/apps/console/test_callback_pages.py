"""The callback list and the call screen: whom to call, what to ask, when to call again, what comes of the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from engine.callbacks.attempts import finish, next_attempt, plan
from engine.create_store import set_clock
from engine.rules.publishing import publish
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, answers_to, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    BY_PHONE,
    DAY,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts
from tests.engine.rules.sample_rules import EVA, QUESTIONNAIRE, add_evaluator

pytestmark = [pytest.mark.requirement("D3"), pytest.mark.any_database]

AFTER_LUNCH = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
"""Another day and another hour than nine on Tuesday morning: Wednesday at one, when the desk is back from lunch."""
MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@contextmanager
def caller(settings: Settings, store: Store, handle: str = AGENT) -> Iterator[tuple[TestClient, str]]:
    with site_client(settings, store, None) as client:
        yield client, log_in(client, store, handle)


@pytest.fixture
def to_call(store: Store) -> str:
    """A resolved complaint whose customer is to be called today, a day after the result."""
    add_accounts(store, *HANDLES)
    number = new_resolved_case(store, customer="Ms Wang", phone="13800138000")
    plan(store, START)
    set_clock(store, START + DAY)
    return number


def test_the_list_names_whom_to_call_and_the_screen_what_to_ask(to_call: str, settings: Settings, store: Store):
    with caller(settings, store) as (client, _):
        listed = client.get("/console/callbacks").text
        for text in (to_call, "Ms Wang", "13800138000", "03-03 09:00", "Paid in full."):
            assert text in listed
        screen = client.get(f"/console/callbacks/{to_call}").text
    assert "My parcel is broken." in screen
    assert "How would you rate how promptly we dealt with the matter?" in screen  # asked after complaints
    assert 'name="price"' not in screen  # asked after orders only
    assert '<option value="wrong_number">wrong number</option>' in screen


@pytest.mark.parametrize(
    ("customer_type", "asked"), [("key_account", "after_contract@7"), ("enterprise", "after_complaint@2026-11")]
)
def test_the_questions_are_those_of_the_customers_type_and_name_their_edition(
    settings: Settings, store: Store, customer_type: str, asked: str
):
    add_accounts(store, *HANDLES)
    add_evaluator(store)
    text = QUESTIONNAIRE.replace('name = "test"\nversion = "1"', 'name = "after_contract"\nversion = "7"')
    text = text.replace("kinds =", 'customer_types = ["key_account"]\nkinds =').replace(
        "Attitude?", "Is the contract kept?"
    )
    text = text.replace("weight = 3", "weight = 100")
    publish(store, "survey", text, EVA, START, START, "decision 7")
    number = new_resolved_case(store, customer="Ms Wang", phone="13800138000", customer_type=customer_type)
    plan(store, START)
    set_clock(store, START + DAY)
    own = customer_type == "key_account"
    with caller(settings, store) as (client, _):
        screen = client.get(f"/console/callbacks/{number}").text
        assert (f"Questionnaire {asked}" in screen, "Is the contract kept?" in screen) == (True, own)
        assert ('name="timeliness"' in screen) is not own
        (line,) = client.get("/api/v1/callbacks").json()["callbacks"]
        assert line["questionnaire"] == asked


def test_the_next_attempt_that_the_screen_proposes_is_the_one_that_is_planned(
    to_call: str, settings: Settings, store: Store
):
    at = START + DAY
    [case] = query_rows(store, "SELECT id FROM cases WHERE number = :number", number=to_call)
    with store.looking() as tx:
        proposed = next_attempt(tx, case["id"], at)
    assert proposed == AFTER_LUNCH
    with caller(settings, store) as (client, csrf):
        assert "2026-03-04 13:00" in client.get(f"/console/callbacks/{to_call}").text
        sent = {"_csrf": csrf, "_key": "k", "_move": "attempt", "_attempt": "1", "reason": "busy"}
        for _ in range(2):  # a double click records one call
            answer = client.post(f"/console/callbacks/{to_call}", data=sent)
            assert answer.headers["location"] == "/console/callbacks?done=in_vain"
    finish(store, case["id"], 1, 1, "busy", at)
    plan(store, at, case["id"])
    [planned] = query_rows(store, "SELECT planned_at FROM callback WHERE attempt = 2")
    assert planned["planned_at"] == to_micros(AFTER_LUNCH)


def test_after_the_last_attempt_no_other_is_proposed(to_call: str, settings: Settings, store: Store):
    for made in (1, 2):
        make_move(store, to_call, "attempt", AGENT, after=DAY * made, attempts=made)
    set_clock(store, START + DAY * 3)
    with caller(settings, store) as (client, _):
        assert "This is the last attempt" in client.get(f"/console/callbacks/{to_call}").text


def test_the_answers_are_recorded_and_a_faulty_one_is_shown_again(to_call: str, settings: Settings, store: Store):
    with caller(settings, store) as (client, csrf):
        typed = {"_csrf": csrf, "_key": "a", "_move": "revisit", "words": MARKUP, "attitude": "5"}
        wrong = client.post(f"/console/callbacks/{to_call}", data=typed)
        assert wrong.status_code == 422
        assert "&lt;script&gt;" in wrong.text
        assert "<script>alert" not in wrong.text
        answer = client.post(f"/console/callbacks/{to_call}", data=typed | {"outcome": "satisfied"})
        assert answer.headers["location"] == "/console/callbacks?done=answered"
        [case] = query_rows(store, "SELECT state FROM cases WHERE number = :number", number=to_call)
        assert case["state"] == "revisited"
        assert to_call not in client.get("/console/callbacks").text


def test_a_complaint_or_a_lead_is_opened_once_from_the_answer(to_call: str, settings: Settings, store: Store):
    with caller(settings, store) as (client, csrf):
        sent = {"_csrf": csrf, "_key": "o", "kind": "complaint", "text": "The driver was rude."}
        for _ in range(2):
            answer = client.post(f"/console/callbacks/{to_call}/cases", data=sent)
            assert answer.headers["location"] == f"/console/callbacks/{to_call}?done=opened"
        lead = sent | {"_key": "p", "kind": "lead", "text": "He wants a warehouse."}
        assert client.post(f"/console/callbacks/{to_call}/cases", data=lead).status_code == 303
        assert client.post(f"/console/callbacks/{to_call}/cases", data=sent | {"text": " "}).status_code == 422
        assert client.post(f"/console/callbacks/{to_call}/cases", data=sent | {"kind": "violation"}).status_code == 422
        children = "SELECT c.kind, l.relation FROM link l JOIN cases c ON c.id = l.child_id ORDER BY c.kind"
        assert query_rows(store, children) == [
            {"kind": "complaint", "relation": "came_of"},
            {"kind": "inquiry", "relation": "need"},
        ]
        assert "Opened from this case" in client.get(f"/console/callbacks/{to_call}").text


def test_whoever_told_the_result_does_not_record_the_callback(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    number = new_case(store)
    for move in ("classify", "investigate"):
        make_move(store, number, move)
    make_move(store, number, "resolve", SUPERVISOR)
    with caller(settings, store, SUPERVISOR) as (client, csrf):
        assert "A second person must decide." in client.get(f"/console/callbacks/{number}").text
        sent = {"_csrf": csrf, "_move": "revisit", "outcome": "satisfied"}
        assert client.post(f"/console/callbacks/{number}", data=sent).status_code == 403


def test_nothing_that_a_stranger_wrote_becomes_markup(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    number = new_resolved_case(sqlite_store, customer=MARKUP, text=MARKUP)
    plan(sqlite_store, START)
    set_clock(sqlite_store, START + DAY)
    with caller(sqlite_settings, sqlite_store) as (client, _):
        pages = [client.get(f"/console/callbacks{path}").text for path in ("", f"/{number}")]
    for page in pages:
        assert "&lt;script&gt;" in page
        assert ("<script>alert" in page, "<img src=x" in page) == (False, False)


ACCESS = {
    ("/console/callbacks", AGENT): 200, ("/console/callbacks", HANDLER): 200, ("/console/callbacks", SUPERVISOR): 200,
    ("/console/callbacks", MANAGER): 200, ("/console/callbacks", AUDITOR): 403, ("/console/callbacks", ADMIN): 403,
    ("/console/callbacks/cp-26-000001", AGENT): 200, ("/console/callbacks/cp-26-000001", AUDITOR): 403,
    ("/console/callbacks/cp-26-000999", AGENT): 404,
    ("/console/callbacks?day=&owner=", AGENT): 200, ("/console/callbacks?day=9999-12-31", AGENT): 422,
}  # fmt: skip


def test_who_sees_the_callbacks(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    new_resolved_case(sqlite_store)
    assert answers_to(sqlite_settings, sqlite_store, ACCESS) == ACCESS


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_caller_calls_asks_and_opens_a_lead(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    customers = (("王小梅", "13800138000"), ("陈志强", "13900139000"), ("李娜", "13700137000"))
    numbers = [
        new_resolved_case(store, HOUR * n, customer=name, phone=phone, text="纸箱破损，里面的茶具碎了两只。")
        for n, (name, phone) in enumerate(customers)
    ]
    make_move(store, numbers[0], "progress", HANDLER, after=HOUR * 2, progress="已联系仓库核对。", **BY_PHONE)
    plan(store, START + HOUR * 3)
    set_clock(store, START + DAY)
    with sqlite_console.person(AGENT, locale) as page:
        page.goto("/console/callbacks")
        check_accessible(page)
        picture(page, "callbacks", locale)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.set_viewport_size({"width": 1280, "height": 800})
        page.get_by_role("link", name=numbers[0]).click()
        check_accessible(page)
        page.locator("#field-outcome").select_option("satisfied")
        page.locator("#field-timeliness").select_option("4")
        page.locator("#field-attitude").select_option("5")
        page.locator("#field-need").fill("想租用冷库。")
        picture(page, "call", locale)
        page.locator('form[data-move="revisit"] button.main').click()
        page.locator(".notice.good").wait_for()
        page.get_by_role("link", name=numbers[1]).click()
        page.locator("#open-kind").select_option("lead")
        page.locator("#open-text").fill("还想寄往重庆，请报价。")
        page.locator("form[action$='/cases'] button").click()
        page.locator(".notice.good").wait_for()
        check_accessible(page)
        picture(page, "call-with-a-lead", locale)
