"""The page on which a contact is taken down: hints while typing, the script, errors at fields, what was promised."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    HANDLER,
    HOUR,
    MANAGER,
    SUPERVISOR,
    make_move,
    new_case,
    query_rows,
)
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.any_database

SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
CALL = {"kind": "complaint", "channel": "hotline", "text": "货物破损。", "demand": "请赔偿。"}
WANG: dict[str, Any] = {"customer": "王小明女士", "phone": "13800138000"}
LONG_TEXT = "运单的货物在卸货时摔坏了，外箱破裂，里面的仪器已经无法开机，请尽快派人上门处理。"
STAFF = (AGENT, HANDLER, SUPERVISOR, MANAGER, AUDITOR)


class Desk:
    """The console as one person sees it, and what he sends."""

    def __init__(self, client: TestClient, store: Store, handle: str) -> None:
        self.client, self.store, self.csrf = client, store, log_in(client, store, handle)

    def send(self, path: str, entries: dict[str, str], *, part: bool = False) -> Any:
        headers = {"HX-Request": "true"} if part else {}
        return self.client.post(f"/console{path}", data={"_csrf": self.csrf} | entries, headers=headers)

    def hints(self, **entries: str) -> str:
        return self.send("/cases/new/hints", entries, part=True).text

    @property
    def opened(self) -> list[str]:
        return [row["number"] for row in query_rows(self.store, "SELECT number FROM cases ORDER BY id")]


@pytest.fixture
def desk(settings: Settings, store: Store) -> Iterator[Desk]:
    """The desk of the agent, on each database."""
    add_accounts(store, AGENT)
    with site_client(settings, store, None) as client:
        yield Desk(client, store, AGENT)


@pytest.mark.requirement("A1")
def test_a_call_becomes_a_case_with_everything_that_was_asked_for(desk: Desk):
    typed = CALL | WANG | {"shipment": "SF1234567890", "requested_at": "2026-03-03T09:30", "language": "zh_TW"}
    answer = desk.send("/cases/new", typed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{desk.opened[0]}/opened")
    shown = desk.client.get(answer.headers["location"]).text
    for part in (desk.opened[0], "王女士", "First reply", "2026-03-02 11:00", "Solution", "2026-03-03 09:00"):
        assert part.lower() in shown.lower(), part
    (row,) = query_rows(
        desk.store, "SELECT c.channel, p.name, p.phone FROM cases c JOIN party p ON p.id = c.party_id"
    )  # fmt: skip
    assert row == {"channel": "hotline", "name": "王小明女士", "phone": "13800138000"}
    (first,) = query_rows(desk.store, "SELECT form, via FROM transition")
    wanted = datetime.fromisoformat(json.loads(first["form"])["requested_at"])
    assert wanted == datetime(2026, 3, 3, 1, 30, tzinfo=UTC), "half past nine in Shanghai"
    assert first["via"] == "console"


@pytest.mark.requirement("A9")
def test_a_returning_customer_appears_while_typing_with_cases_and_promises(desk: Desk):
    number = new_case(desk.store, **WANG)
    new_case(desk.store, customer="李四", phone="13900139000")
    for typed in ({"phone": "138 0013 8000"}, {"customer": "王小明"}, {"customer": "王女士"}):
        shown = desk.hints(**typed)
        assert "<h3>王女士</h3>" in shown, typed
        assert number in shown
        assert "8000" in shown
        assert "2026-03-02 11:00" in shown, "the first reply is promised within two hours"
        assert "李四" not in shown
        assert "王小明" not in shown


def test_who_is_not_known_or_not_fully_typed_yet_is_nobody(desk: Desk):
    new_case(desk.store, **WANG)
    for typed in ({"phone": "138001"}, {"phone": "13900139000"}, {"customer": "王"}, {"email": "wang@"}, {}):
        assert "王女士" not in desk.hints(**typed), typed


@pytest.mark.requirement("A6")
def test_likely_duplicates_appear_while_typing_by_waybill_and_by_words(desk: Desk):
    number = new_case(desk.store, text=LONG_TEXT, shipment="SF1234567890")
    assert "same shipment" in desk.hints(shipment="sf 1234567890")
    shown = desk.hints(text=f"您好！{LONG_TEXT}")
    assert number in shown
    assert "nearly the same words" in shown
    assert number not in desk.hints(text="我想问一下运费。")


@pytest.mark.requirement("A6")
def test_a_likely_duplicate_opens_no_second_case_before_the_agent_has_looked(desk: Desk):
    number = new_case(desk.store, **WANG)
    refused = desk.send("/cases/new", CALL | WANG)
    assert (refused.status_code, desk.opened) == (409, [number])
    assert f'formaction="/console/cases/{number}/follow-up"' in refused.text
    assert "货物破损。" in refused.text
    anyway = desk.send("/cases/new", CALL | WANG | {"_anyway": "true"})
    assert (anyway.status_code, len(desk.opened)) == (303, 2)


@pytest.mark.requirement("A6")
def test_the_same_matter_goes_on_in_the_case_with_every_word_that_was_typed(desk: Desk):
    number = new_case(desk.store, **WANG)
    make_move(desk.store, number, "classify")
    page = desk.send(f"/cases/{number}/follow-up", CALL | WANG | {"_taken_over": "true"})
    assert page.status_code == 200
    assert "货物破损。\n\n请赔偿。</textarea>" in page.text
    done = desk.send(f"/cases/{number}/follow-up", {"channel": "hotline", "text": "货物破损。\n\n请赔偿。"})
    assert (done.status_code, done.headers["location"]) == (303, f"/console/cases/{number}?done=followed_up")
    moves = [row["move"] for row in query_rows(desk.store, "SELECT move FROM transition ORDER BY seq")]
    assert moves[-1] == "follow_up"
    assert desk.opened == [number]


@pytest.mark.parametrize("path", ["/cases/new", "/cases/{number}/follow-up"])
def test_a_form_that_is_sent_twice_does_its_work_once(desk: Desk, path: str):
    number = new_case(desk.store, customer="李四", phone="13900139000")
    make_move(desk.store, number, "classify")
    counted = "SELECT count(*) AS moves FROM transition"
    typed = CALL | WANG | {"_key": "a-key-of-the-page", "_anyway": "true"}
    first = desk.send(path.format(number=number), typed)
    moves = query_rows(desk.store, counted)
    second = desk.send(path.format(number=number), typed)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert query_rows(desk.store, counted) == moves


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"text": ""}, {"text"}),
        ({"demand": " "}, {"demand"}),
        ({"customer": "", "phone": ""}, {"customer", "phone"}),
        ({"customer": "", "phone": "", "_anonymous": "true"}, set()),
        ({"kind": "praise", "demand": ""}, set()),
        ({"kind": "service"}, {"requested_at"}),
        ({"channel": "mail", "customer": "", "phone": "", "demand": ""}, set()),
    ],
)
def test_what_must_be_asked_on_the_phone_is_refused_at_its_field(
    desk: Desk, changed: dict[str, str], missing: set[str]
):
    answer = desk.send("/cases/new", CALL | WANG | changed)
    faulty = {
        name for name in ("text", "demand", "customer", "phone", "requested_at") if f"field-{name}-error" in answer.text
    }
    assert (answer.status_code, faulty) == (422 if missing else 303, missing)
    assert len(desk.opened) == (0 if missing else 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requested_at", "tomorrow"),
        ("customer_type", "king"),
        ("channel", "smoke"),
        ("language", "xx"),
        ("email", "wang@"),
    ],
)
def test_what_cannot_be_read_is_refused_and_everything_typed_is_kept(desk: Desk, field: str, value: str):
    answer = desk.send("/cases/new", CALL | WANG | {"subject": "Broken & wet", field: value})
    assert answer.status_code == 422
    assert desk.opened == []
    for part in ("王小明女士", "13800138000", "货物破损。", "请赔偿。", "Broken &amp; wet"):
        assert part in answer.text, part
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "changed", [{"kind": "nothing"}, {"kind": "violation"}, {"kind": "report"}, {"pack": "nothing"}]
)
def test_a_kind_or_a_pack_that_is_not_offered_opens_nothing(desk: Desk, changed: dict[str, str]):
    answer = desk.send("/cases/new", CALL | WANG | changed)
    assert (answer.status_code, desk.opened) == (422, [])
    assert "货物破损。" in answer.text
    assert desk.send("/cases/new/hints", CALL | WANG | changed).status_code == 200


@pytest.mark.parametrize(
    "sort", ["complaint", "consultation", "suggestion", "praise", "lead", "order", "service", "evaluation"]
)
def test_each_sort_of_contact_has_its_script_and_becomes_a_case(desk: Desk, sort: str):
    script = desk.hints(kind=sort, channel="hotline")
    assert "contact.script" not in script, "each step has its words"
    assert "amy" in script
    answer = desk.send("/cases/new", CALL | WANG | {"kind": sort, "requested_at": "2026-03-03T09:30"})
    assert answer.status_code == 303
    assert desk.client.get(answer.headers["location"]).status_code == 200


def test_the_menu_marks_the_page_that_is_open_and_no_other(desk: Desk):
    for path, name in (("/cases", "Queue"), ("/cases/new", "New contact")):
        marked = desk.client.get(f"/console{path}").text.split('<nav aria-label="Menu">')[1].split("</nav>")[0]
        assert marked.count('aria-current="page"') == 1
        assert name in marked.split('aria-current="page"')[1].split("</a>")[0]


def test_what_was_asked_already_is_ticked_off(desk: Desk):
    shown = desk.hints(kind="complaint", channel="hotline", phone="13800138000")
    assert "✓ Telephone number" in shown
    assert "○ Name and title" in shown
    assert "○ What the customer wants" in shown
    assert "○" not in desk.hints(kind="complaint", channel="mail"), "a letter has no script"


def test_what_strangers_wrote_is_shown_as_text(desk: Desk):
    for text in (SCRIPT, IMAGE):
        number = new_case(desk.store, customer=text, phone="13800138000", text=text, subject=text)
        pages = [
            desk.hints(phone="13800138000", text=text, customer=text),
            desk.send(
                "/cases/new", CALL | dict.fromkeys(("customer", "text", "demand", "subject", "kind", "pack"), text)
            ).text,
            desk.client.get(f"/console/cases/{number}/follow-up").text,
            desk.send(f"/cases/{number}/follow-up", {"_taken_over": "true", "text": text, "channel": text}).text,
            desk.client.get(f"/console/cases/{number}/opened").text,
        ]
        for page in pages:
            assert "<script>alert" not in page
            assert "<img src=x" not in page


def test_who_serves_no_customers_takes_no_contacts_and_looks_nobody_up(settings: Settings, store: Store):
    number = new_case(store, **WANG)
    add_accounts(store, *STAFF)
    taken_down = {AGENT: 200, SUPERVISOR: 200, MANAGER: 200, HANDLER: 403, AUDITOR: 403}
    with site_client(settings, store, None) as client:
        assert client.get("/console/cases/new").status_code == 401
        for handle, status in taken_down.items():
            desk = Desk(client, store, handle)
            assert client.get("/console/cases/new").status_code == status, handle
            hints = desk.send("/cases/new/hints", WANG, part=True)
            assert (hints.status_code, "王女士" in hints.text) == (status, status == 200), handle
            opened = desk.send("/cases/new", CALL | WANG)
            assert opened.status_code == (409 if status == 200 else 403), handle
        assert Desk(client, store, AGENT).opened == [number]


@pytest.mark.requirement("H1")
def test_a_case_that_somebody_may_not_read_is_nowhere(settings: Settings, store: Store):
    add_accounts(store, HANDLER, AGENT)
    number = new_case(store, **WANG)
    with site_client(settings, store, None) as client:
        desk = Desk(client, store, HANDLER)
        for path in (
            f"/cases/{number}/follow-up",
            f"/cases/{number}/opened",
            "/cases/cp-26-999999/follow-up",
            "/cases/x/opened",
        ):
            assert client.get(f"/console{path}").status_code == 404, path
        sent = desk.send(f"/cases/{number}/follow-up", {"channel": "hotline", "text": "Once more."})
        assert sent.status_code == 404


def test_a_further_contact_without_words_is_refused_at_its_field(desk: Desk):
    number = new_case(desk.store)
    answer = desk.send(f"/cases/{number}/follow-up", {"channel": "hotline", "text": " "})
    assert answer.status_code == 422
    assert "field-text-error" in answer.text


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_while_an_agent_types_he_sees_who_calls_and_what_may_be_the_same_matter(
    sqlite_console: Served, sqlite_store: Store, locale: str
):
    number = new_case(sqlite_store, **WANG, text="运单的货物在卸货时摔坏了，外箱破裂。", shipment="SF1234567890")
    make_move(sqlite_store, number, "classify", after=HOUR / 2)
    labels = {
        "zh_CN": ("联系电话", "姓名与称呼", "事情经过", "客户诉求", "建立工单",
                  f"同一事项：在 {number} 上继续", "记入工单"),
        "en": ("Telephone number", "Name and title", "What happened", "What the customer wants", "Open the case",
               f"Same matter: go on with {number}", "Record it on the case"),
    }  # fmt: skip
    phone, name, text, demand, open_it, same, record = labels[locale]
    with sqlite_console.person(AGENT, locale) as page:
        page.goto("/console/cases")
        page.keyboard.press("n")
        page.get_by_label(phone).press_sequentially("13800138000")
        beside = page.locator("#beside")
        expect(beside.get_by_role("heading", name="王女士")).to_be_visible()
        expect(beside.get_by_role("link", name=number).first).to_be_visible()
        page.get_by_label(name).fill("王小明女士")
        page.get_by_label(text).fill("同一票货物又有一箱破损。")
        expect(beside.locator(".asked .done")).to_have_count(3)
        check_accessible(page)
        picture(page, "new-contact", locale)
        page.get_by_label(demand).fill("请今天上门查看。")
        page.get_by_role("button", name=open_it).click()
        expect(page.get_by_role("alert")).to_contain_text(number)
        check_accessible(page)
        picture(page, "likely-duplicate", locale)
        page.get_by_role("alert").get_by_role("button", name=same).click()
        expect(page.locator("textarea")).to_have_value("同一票货物又有一箱破损。\n\n请今天上门查看。")
        check_accessible(page)
        picture(page, "further-contact", locale)
        page.get_by_role("button", name=record).click()
        page.wait_for_url(f"**/console/cases/{number}?done=followed_up")


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_one_screen_serves_a_phone_call_from_the_script_to_what_is_promised(
    sqlite_console: Served, sqlite_store: Store, locale: str
):
    labels = {
        "zh_CN": ("联系电话", "姓名与称呼", "事情经过", "客户诉求", "建立工单", "初步回复"),
        "en": ("Telephone number", "Name and title", "What happened", "What the customer wants", "Open the case",
               "First reply"),
    }  # fmt: skip
    phone, name, text, demand, open_it, promise = labels[locale]
    with sqlite_console.person(AGENT, locale) as page:
        page.goto("/console/cases/new")
        expect(page.locator(".script li").first).to_contain_text(AGENT)
        page.locator("#field-pack").select_option("shipping")
        expect(page.locator(".script")).to_contain_text("提单号" if locale == "zh_CN" else "bill of lading")
        page.locator("#field-pack").select_option("logistics")
        expect(page.locator(".script")).to_contain_text("运单号" if locale == "zh_CN" else "waybill")
        page.get_by_label(text).fill("收货时外箱破裂，里面的仪器无法开机。")
        page.get_by_role("button", name=open_it).click()
        expect(page.locator("#field-demand-error")).to_be_visible()
        expect(page.get_by_label(text)).to_have_value("收货时外箱破裂，里面的仪器无法开机。")
        check_accessible(page)
        picture(page, "phone-call", locale)
        page.get_by_label(phone).fill("13800138000")
        page.get_by_label(name).fill("王小明女士")
        page.get_by_label(demand).fill("请更换一台。")
        page.get_by_role("button", name=open_it).click()
        expect(page.get_by_role("main")).to_contain_text(promise, ignore_case=True)
        expect(page.locator("time[data-due] .left").first).to_be_visible()
        check_accessible(page)
        picture(page, "phone-call-opened", locale)


@pytest.mark.long
def test_a_contact_is_taken_down_without_scripts_and_on_a_phone(sqlite_console: Served, sqlite_store: Store):
    new_case(sqlite_store, **WANG)
    options = {"java_script_enabled": False, "viewport": {"width": 360, "height": 700}}
    with sqlite_console.person(AGENT, "zh_CN", **options) as page:
        page.goto("/console/cases/new")
        page.get_by_label("联系电话").fill("13800138000")
        page.get_by_role("button", name="查找以往工单").click()
        expect(page.get_by_role("heading", name="王女士")).to_be_visible()
        expect(page.get_by_label("联系电话")).to_have_value("13800138000")
    with sqlite_console.person(AGENT, "zh_CN", viewport={"width": 360, "height": 700}) as page:
        page.goto("/console/cases/new")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        check_accessible(page)
