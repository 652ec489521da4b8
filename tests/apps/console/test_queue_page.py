"""The page of the queue: what it lists for whom, what it finds, what it masks, and the filters that somebody saves."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    contact,
    make_move,
    new_case,
    query_rows,
)
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = pytest.mark.any_database

SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
STAFF = (AGENT, HANDLER, SUPERVISOR, MANAGER, AUDITOR)


@pytest.fixture
def desk(settings: Settings, store: Store) -> Iterator[TestClient]:
    """The console as the agent sees it, on each database."""
    add_accounts(store, AGENT)
    with site_client(settings, store, AGENT) as client:
        yield client


def numbers_in(page: str, *known: str) -> list[str]:
    """Return which cases a page lists, in its order."""
    places = {number: page.find(f">{number}</a>") for number in known}
    return sorted((number for number, place in places.items() if place >= 0), key=lambda number: places[number])


def wang(store: Store, **fields: Any) -> str:
    given: dict[str, Any] = {
        "customer": "王小明女士",
        "phone": "13800138000",
        "shipment": "SF1234567890",
        "text": "货物破损，请赔偿。",
    }
    return new_case(store, **given | fields)


@pytest.mark.requirement("A8")
def test_the_queue_lists_customers_first_then_the_urgent_then_what_is_due_first(desk: TestClient, store: Store):
    internal = open_case(store, Opening(contact(), "interruption"), START).number
    later, earlier = new_case(store, 2 * HOUR), new_case(store, HOUR)
    urgent = new_case(store, 3 * HOUR)
    make_move(store, urgent, "classify", severity="urgent", after=3 * HOUR)
    shown = desk.get("/console/cases?share=all").text
    assert numbers_in(shown, internal, later, earlier, urgent) == [urgent, earlier, later, internal]


def test_a_row_says_who_what_until_when_and_who_must_act(desk: TestClient, store: Store):
    wang(store, customer_type="key_account")
    shown = desk.get("/console/cases").text
    for part in ("王女士", "key account", "货物破损，请赔偿。", "Agent", "First reply"):
        assert part.lower() in shown.lower(), part
    assert "王小明" not in shown
    assert "13800138000" not in shown
    assert f'data-due="{round((START + 2 * HOUR).timestamp() * 1000)}"' in shown, "two hours by the pack"


@pytest.mark.parametrize(
    "text",
    [
        "破损",
        "破損",
        "王小明女士",
        "王女士",
        "13800138000",
        "+86 138 0013 8000",
        "SF1234567890",
        "sf 1234567890",
        "CP-26-000001",
    ],
)
def test_a_case_is_found_by_text_name_number_and_waybill(desk: TestClient, store: Store, text: str):
    number, other = wang(store), new_case(store, text="The parcel is late.", customer="李四", phone="13900139000")
    assert numbers_in(desk.get("/console/cases", params={"text": text}).text, number, other) == [number]


@pytest.mark.requirement("H1")
def test_a_search_by_name_or_number_tells_a_reviewer_nothing(settings: Settings, store: Store):
    number = wang(store, text="破损")
    add_accounts(store, AUDITOR)
    with site_client(settings, store, AUDITOR) as client:
        for text in ("王小明女士", "13800138000", "SF1234567890"):
            assert numbers_in(client.get("/console/cases", params={"text": text}).text, number) == []
        for text in ("破损", number):
            shown = client.get("/console/cases", params={"text": text}).text
            assert numbers_in(shown, number) == [number]
            assert "王**" in shown
            assert "王女士" not in shown


def test_each_filter_keeps_what_it_names(desk: TestClient, store: Store):
    first, second = new_case(store), new_case(store, HOUR)
    inquiry = open_case(store, Opening(contact(), "praise"), START).number
    make_move(store, first, "classify")
    make_move(store, first, "assign")
    for query, expected in (
        ("kind=praise", [inquiry]),
        ("kind=complaint", [first, second]),
        ("state=complaint.classified", [first]),
        ("department=claims", [first]),
        (f"owner={HANDLER}", [first]),
        ("severity=high", [first]),
        ("level=3", []),
        ("closed=true", []),
        ("overdue=true", []),
        ("kind=&state=&department=&severity=&level=&owner=&overdue=&closed=", [inquiry, first, second]),
    ):
        shown = desk.get(f"/console/cases?share=all&text=&{query}").text
        assert set(numbers_in(shown, first, second, inquiry)) == set(expected), query


@pytest.mark.parametrize(
    "query", ["severity=x", "level=9", "state=x", "share=x", "closed=perhaps", "cursor=x", "kind=x"]
)
def test_a_filter_that_there_is_not_is_refused_with_a_reason(desk: TestClient, query: str):
    answer = desk.get(f"/console/cases?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_pages_list_every_case_once(desk: TestClient, store: Store):
    numbers = [new_case(store, HOUR) for _ in range(31)]
    first = desk.get("/console/cases").text
    address = first.split('class="pages"><a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    second = desk.get(address).text
    assert numbers_in(first, *numbers) + numbers_in(second, *numbers) == numbers


def test_a_part_of_the_page_is_read_again_with_the_same_filters(desk: TestClient, store: Store):
    number = new_case(store)
    part = desk.get("/console/cases?kind=complaint", headers={"HX-Request": "true"}).text
    assert part.startswith('<div id="queue" data-fragment="/console/cases?kind=complaint">')
    assert numbers_in(part, number) == [number]


@pytest.mark.requirement("H1")
def test_reading_the_queue_writes_nothing_and_tells_no_number(desk: TestClient, store: Store):
    wang(store, text="请打 13800138000 或 wang@example.com")
    shown = desk.get("/console/cases").text
    assert "请打 *** 或 ***" in shown
    assert query_rows(store, "SELECT * FROM reading") == [], "what a refreshed list would log each time"


def test_what_strangers_wrote_is_shown_as_text(desk: TestClient, store: Store):
    for text in (SCRIPT, IMAGE):
        new_case(store, text=text, subject=text, customer=text)
        shown = desk.get("/console/cases", params={"text": text, "owner": text}).text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


def test_each_person_sees_in_the_queue_what_he_may_read(settings: Settings, store: Store):
    received, assigned = new_case(store), new_case(store, HOUR)
    make_move(store, assigned, "classify", after=HOUR)
    make_move(store, assigned, "assign", after=HOUR)
    add_accounts(store, *STAFF)
    expected = {
        AGENT: [received, assigned],
        HANDLER: [assigned],
        SUPERVISOR: [received, assigned],
        MANAGER: [received, assigned],
        AUDITOR: [received, assigned],
    }
    with site_client(settings, store, None) as client:
        assert client.get("/console/cases").status_code == 401
        for handle, numbers in expected.items():
            log_in(client, store, handle)
            shown = client.get("/console/cases?share=all")
            assert (shown.status_code, set(numbers_in(shown.text, received, assigned))) == (200, set(numbers)), handle


def test_of_several_states_each_is_shown_as_chosen(desk: TestClient):
    """So the form shows the same cases again, with whatever else is changed in it."""
    chosen = ("complaint.received", "complaint.classified", "inquiry.received")
    shown = desk.get("/console/cases?share=all&" + "&".join(f"state={each}" for each in chosen)).text
    assert re.findall(r'name="state" value="([^"]*)" checked', shown) == sorted(chosen, key=shown.index)
    assert f"({len(chosen)})</summary>" in shown


def test_as_many_states_as_may_be_chosen_are_listed(desk: TestClient):
    every = re.findall(r'name="state" value="([^"]*)"', desk.get("/console/cases").text)
    chosen = sorted(every, key=lambda each: each.partition(".")[2])[:60]
    shown = desk.get("/console/cases?share=all&" + "&".join(f"state={each}" for each in chosen))
    assert (shown.status_code, len(every) > len(chosen)) == (200, True)


class TestSavedFilters:
    """Filters are saved for a person, without the words of a search."""

    @pytest.fixture
    def client(self, sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
        add_accounts(sqlite_store, AGENT, HANDLER)
        with site_client(sqlite_settings, sqlite_store, None) as client:
            yield client

    def save(self, client: TestClient, csrf: str, name: str, query: str, **more: str) -> Any:
        return client.post("/console/cases/filters", data={"_csrf": csrf, "name": name, "query": query, **more})

    def test_a_filter_is_saved_shown_used_and_removed(self, client: TestClient, sqlite_store: Store):
        csrf = log_in(client, sqlite_store, AGENT)
        answer = self.save(client, csrf, "破损急件", "kind=complaint&severity=urgent&text=王小明")
        assert (answer.status_code, answer.headers["location"]) == (
            303, "/console/cases?kind=complaint&severity=urgent&done=filter_saved",
        )  # fmt: skip
        assert (
            '<a href="/console/cases?kind=complaint&amp;severity=urgent">破损急件</a>'
            in client.get("/console/cases").text
        )
        removed = self.save(client, csrf, "破损急件", "", remove="true")
        assert removed.status_code == 303
        assert "破损急件" not in client.get("/console/cases").text

    def test_another_person_at_the_same_browser_does_not_see_it(self, client: TestClient, sqlite_store: Store):
        self.save(client, log_in(client, sqlite_store, AGENT), "mine", "kind=complaint")
        log_in(client, sqlite_store, HANDLER)
        assert ">mine</a>" not in client.get("/console/cases").text

    def test_a_name_that_is_none_is_refused_and_a_script_stays_text(self, client: TestClient, sqlite_store: Store):
        csrf = log_in(client, sqlite_store, AGENT)
        for name in ("", " ", "x" * 41, "a\nb"):
            assert self.save(client, csrf, name, "kind=complaint").status_code == 422
        self.save(client, csrf, SCRIPT, "kind=complaint")
        assert SCRIPT not in client.get("/console/cases").text
        assert "&lt;script&gt;alert(1)" in client.get("/console/cases").text

    def test_where_a_saved_filter_leads_is_the_queue(self, client: TestClient, sqlite_store: Store):
        csrf = log_in(client, sqlite_store, AGENT)
        for query in ("\r\nSet-Cookie: x=y", "//evil.example.com", "x" * 5000):
            location = self.save(client, csrf, "name", query).headers["location"]
            assert location == "/console/cases?&done=filter_saved"

    def test_it_is_shown_in_another_browser_of_the_person(self, client: TestClient, sqlite_store: Store):
        self.save(client, log_in(client, sqlite_store, AGENT), "mine", "kind=complaint")
        client.cookies.clear()
        log_in(client, sqlite_store, AGENT)
        assert ">mine</a>" in client.get("/console/cases").text

    def test_of_a_person_only_the_last_twenty_are_kept(self, client: TestClient, sqlite_store: Store):
        csrf = log_in(client, sqlite_store, AGENT)
        for n in range(22):
            self.save(client, csrf, f"{n:02}" + "名" * 38, f"kind=complaint&owner={'主' * 99}")
        shown = client.get("/console/cases").text
        assert [f"{n:02}名" in shown for n in (0, 1, 2, 21)] == [False, False, True, True]


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_an_agent_works_through_his_queue_by_the_keyboard(sqlite_console: Served, sqlite_store: Store, locale: str):
    wang(sqlite_store, customer_type="key_account")
    new_case(sqlite_store, HOUR, customer="李四先生", text="包裹三天没有更新物流信息，我很着急。", phone="13900139000")
    urgent = new_case(sqlite_store, customer="Ms Jones", text="The pallet fell from the lift at the depot.")
    make_move(sqlite_store, urgent, "classify", severity="urgent")
    make_move(sqlite_store, urgent, "assign")
    open_case(sqlite_store, Opening(contact(customer="赵敏女士", text="想咨询到付运费怎么算。"), "consultation"), START)
    with sqlite_console.person(AGENT, locale) as page:
        page.goto("/console/cases?share=all")
        first = page.get_by_role("link", name=urgent)
        page.keyboard.press("j")
        expect(first).to_be_focused()
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(first).to_be_focused()
        expect(page.locator("time[data-due] .left").first).to_be_visible()
        check_accessible(page)
        picture(page, "queue", locale)
        page.keyboard.press("/")
        page.keyboard.type("破損")
        page.keyboard.press("Enter")
        expect(page.locator("[data-row]")).to_have_count(1)
        page.keyboard.press("Escape")
        page.locator("h1").click()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.get_by_role("dialog")).to_contain_text("j")


@pytest.mark.long
def test_a_case_that_comes_in_appears_in_the_open_queue_and_the_focus_stays(
    sqlite_console: Served, sqlite_store: Store
):
    first = new_case(sqlite_store)
    with sqlite_console.person(AGENT, "en") as page:
        page.goto("/console/cases")
        page.get_by_role("link", name=first).focus()
        second = new_case(sqlite_store, HOUR)
        page.get_by_role("link", name=second).wait_for()
        expect(page.get_by_role("link", name=first)).to_be_focused()


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_queue_fits_a_phone(sqlite_console: Served, sqlite_store: Store, locale: str):
    wang(sqlite_store)
    with sqlite_console.person(AGENT, locale, viewport={"width": 360, "height": 700}) as page:
        page.goto("/console/cases?kind=complaint")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        check_accessible(page)
        picture(page, "queue-phone", locale)


def test_an_address_names_several_states_of_a_kind(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, AGENT)
    number = new_case(sqlite_store)
    both = "share=all&kind=complaint&state=complaint.received&state=complaint.classified"
    with site_client(sqlite_settings, sqlite_store, AGENT) as client:
        assert number in client.get(f"/console/cases?{both}").text
        assert number not in client.get("/console/cases?share=all&state=complaint.classified").text
        assert number in client.get("/console/cases?share=all&state=").text
        assert client.get("/console/cases?state=nonsense").status_code == 422
