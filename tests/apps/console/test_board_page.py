"""The board: what it counts and where each number leads; decisions and the second person; kinds on hold."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest
from fastapi.testclient import TestClient

from engine.commands.holds import held
from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from engine.timers.parking import CALLBACK, note_failure
from models.columns import to_micros
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, answers_to, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DIRECTOR,
    HANDLER,
    MANAGER,
    START,
    SUPERVISOR,
    contact,
    execute_sql,
    history_of,
    make_move,
    new_case,
)
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts
from tests.engine.attachments.evidence import photo

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.any_database]

MARKUP = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def accounts(store: Store) -> None:
    add_accounts(store, *HANDLES)


@contextmanager
def visitor(settings: Settings, store: Store, handle: str, locale: str = "en") -> Iterator[tuple[TestClient, str]]:
    """Return a client of somebody, and the token of his forms."""
    with site_client(settings, store, None, locale) as client:
        yield client, log_in(client, store, handle)


def waiting_for_compensation(store: Store, by: str = HANDLER, **fields: Any) -> str:
    """Return the number of a complaint whose compensation somebody proposed beyond the desk's limit."""
    number = new_case(store, **fields)
    for move in ("classify", "investigate", "determine_responsibility", "confirm_responsibility"):
        make_move(store, number, move)
    make_move(store, number, "compensate", by, compensation=9_000_000)
    return number


def waiting_for_refusal(store: Store, by: str = AGENT) -> str:
    number = new_case(store)
    make_move(store, number, "propose_refusal", by)
    return number


def order_with_a_plan(store: Store) -> str:
    """Return the number of an order whose plan every department has signed, and a manager approves."""
    number = open_case(store, Opening(contact(email="wang@example.com"), "order"), START).number
    known = '{"cosigned_by":"claims","cosigners":"claims","lead_department":"claims"}'
    sql = "UPDATE cases SET state = 'planned', variables = :known WHERE number = :number"
    execute_sql(store, sql, known=known, number=number)
    return number


@pytest.mark.usefixtures("accounts")
def test_each_number_of_the_board_leads_to_the_cases_that_it_counts(settings: Settings, store: Store):
    ours = [new_case(store) for _ in range(3)]
    for number in ours[:2]:
        make_move(store, number, "classify")
    make_move(store, ours[0], "escalate", level=2)
    with visitor(settings, store, SUPERVISOR) as (client, _):
        page = client.get("/console/board").text
        assert re.search(r'class="figure">3</span> open cases', page)
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="/console/cases\?([^"]+)"', page)}
        [of_level_2] = [parse_qs(link) for link in links if "level=2" in link and "state=" in link]
        kinds, states = zip(*(state.split(".") for state in of_level_2["state"]), strict=True)
        assert (set(kinds), of_level_2["kind"], of_level_2["share"]) == ({"complaint"}, ["complaint"], ["all"])
        asked = {"kind": "complaint", "level": "2", "state": states}
        found = client.get("/api/v1/cases", params=asked, headers={"Accept": "application/json"}).json()
        assert [case["number"] for case in found["cases"]] == [ours[0]]


@pytest.mark.usefixtures("accounts")
def test_the_board_says_how_many_cases_each_person_has(settings: Settings, store: Store):
    mine, urgent, nobodys = new_case(store), new_case(store), new_case(store)
    for number in (mine, urgent):
        make_move(store, number, "classify", severity="urgent" if number == urgent else "low")
        make_move(store, number, "assign", owner=HANDLER)
    assert nobodys
    with visitor(settings, store, SUPERVISOR) as (client, _):
        page = client.get("/console/board").text
    assert '<a href="/console/cases?share=all&amp;owner=han">2</a>' in page
    assert '<a href="/console/cases?share=all&amp;owner=han&amp;severity=urgent">1</a>' in page
    assert '<a href="/console/bulk?unowned=true">1</a>' in page


@pytest.mark.usefixtures("accounts")
def test_who_proposed_a_refusal_does_not_review_it(settings: Settings, store: Store):
    number = waiting_for_refusal(store, SUPERVISOR)
    with visitor(settings, store, SUPERVISOR) as (client, csrf):
        page = client.get("/console/decisions").text
        assert number in page
        assert "A second person must decide." in page
        assert f"/console/decisions/{number}?move=refuse" not in page
        sent = {"_csrf": csrf, "_move": "refuse", "code": "not_ours", "told": "No.", "medium": "phone"}
        answer = client.post(f"/console/decisions/{number}", data=sent | {"recipient": "The customer."})
        assert answer.status_code == 403
    with visitor(settings, store, MANAGER) as (client, _):
        assert f"/console/decisions/{number}?move=refuse" in client.get("/console/decisions").text


@pytest.mark.usefixtures("accounts")
def test_a_decision_shows_the_facts_and_is_made_once(settings: Settings, store: Store):
    number = waiting_for_compensation(store, text=MARKUP)
    with visitor(settings, store, MANAGER) as (client, csrf):
        page = client.get(f"/console/decisions/{number}?move=approve_compensation").text
        assert "90,000.00" in page
        assert "Article 8." in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        typed = {"_csrf": csrf, "_key": "k1", "_move": "approve_compensation", "approved": "ninety"}
        wrong = client.post(f"/console/decisions/{number}", data=typed)
        assert wrong.status_code == 422
        assert 'value="ninety"' in wrong.text
        assert 'aria-invalid="true"' in wrong.text
        right = typed | {"approved": "90,000.00"}
        answer = client.post(f"/console/decisions/{number}", data=right)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/decisions?done=decided")
        assert number not in client.get("/console/decisions").text


@pytest.mark.requirement("A10")
@pytest.mark.usefixtures("accounts")
def test_a_decision_that_writes_to_the_customer_takes_files(settings: Settings, store: Store):
    number = order_with_a_plan(store)
    with visitor(settings, store, MANAGER) as (client, csrf):
        page = client.get(f"/console/decisions/{number}?move=approve_plan").text
        assert ('enctype="multipart/form-data"' in page, 'name="_files"' in page) == (True, True)
        form = {"_csrf": csrf, "_key": "k1", "_move": "approve_plan", "recipient": "wang@example.com"}
        files = {"_files": ("plan.jpg", photo(), "image/jpeg")}
        wrong = client.post(f"/console/decisions/{number}", data=form | {"medium": "pigeon"}, files=files)
        assert wrong.status_code == 422
        [kept] = re.findall(r'name="attachments" value="([0-9a-f]{32})" checked', wrong.text)
        form = form | {"medium": "send", "attachments": kept}
        done = client.post(f"/console/decisions/{number}", data=form)
        assert (done.status_code, done.headers["location"]) == (303, "/console/decisions?done=decided")
        last = history_of(store, number)[-1]
        assert (last["move"], kept in last["form"]) == ("approve_plan", True)


@pytest.mark.usefixtures("accounts")
def test_a_manager_holds_a_kind_and_releases_it(settings: Settings, store: Store):
    with visitor(settings, store, MANAGER) as (client, csrf):
        without = client.post("/console/board/holds", data={"_csrf": csrf, "kind": "complaint"})
        assert without.status_code == 422
        assert '<option value="complaint" selected>' in without.text
        sent = {"_csrf": csrf, "kind": "complaint", "reason": "wrong_rules"}
        assert client.post("/console/board/holds", data=sent).headers["location"] == "/console/board?done=held"
        with store.looking() as tx:
            assert [(hold.kind, hold.handle) for hold in held(tx)] == [("complaint", MANAGER)]
        assert "Release: Complaint" in client.get("/console/board").text
        ending = {"_csrf": csrf, "kind": "complaint", "reason": "cause_mended"}
        assert client.post("/console/board/releases", data=ending).status_code == 303
        with store.looking() as tx:
            assert held(tx) == []
        again = client.post("/console/board/releases", data=ending)
        assert (again.status_code, 'role="alert"' in again.text) == (422, True)


@pytest.mark.usefixtures("accounts")
def test_a_supervisor_sees_holds_and_makes_none(settings: Settings, store: Store):
    with visitor(settings, store, SUPERVISOR) as (client, csrf):
        assert "Hold a kind" not in client.get("/console/board").text
        sent = {"_csrf": csrf, "kind": "complaint", "reason": "wrong_rules"}
        assert client.post("/console/board/holds", data=sent).status_code == 403


def test_the_health_of_the_nights_names_only_cases_that_the_reader_may_read(
    sqlite_settings: Settings, sqlite_store: Store
):
    add_accounts(sqlite_store, *HANDLES)
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify", DIRECTOR, department="hotline")
    with sqlite_store.writing() as tx:
        for _ in range(20):  # until it is given up
            note_failure(tx, tx.row("SELECT id FROM cases").id, CALLBACK, "OSError", to_micros(START))
    for handle, named in ((SUPERVISOR, False), (DIRECTOR, True)):
        with visitor(sqlite_settings, sqlite_store, handle) as (client, _):
            nights = client.get("/console/board").text.partition('id="nights"')[2]
        assert ("OSError" in nights, number in nights) == (True, named)


ACCESS = {
    ("/console/board", AGENT): 403, ("/console/board", HANDLER): 403, ("/console/board", SUPERVISOR): 200,
    ("/console/board", MANAGER): 200, ("/console/board", DIRECTOR): 200, ("/console/board", AUDITOR): 200,
    ("/console/board", ADMIN): 200,
    ("/console/decisions", AGENT): 403, ("/console/decisions", HANDLER): 403, ("/console/decisions", SUPERVISOR): 200,
    ("/console/decisions", MANAGER): 200, ("/console/decisions", AUDITOR): 403, ("/console/decisions", ADMIN): 403,
    ("/console/decisions/cp-26-000001", AGENT): 403, ("/console/decisions/cp-26-000001", MANAGER): 200,
    ("/console/decisions/cp-26-000999", MANAGER): 404,
}  # fmt: skip


def test_who_sees_the_board_and_the_decisions(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    waiting_for_compensation(sqlite_store)
    assert answers_to(sqlite_settings, sqlite_store, ACCESS) == ACCESS


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_supervisor_reads_the_board_and_decides(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    number = waiting_for_compensation(store, customer="王小梅", text="纸箱破损，里面的茶具碎了两只。")
    waiting_for_refusal(store, SUPERVISOR)
    for owner in (HANDLER, HANDLER, SUPERVISOR):
        case = new_case(store)
        make_move(store, case, "classify", severity="urgent")
        make_move(store, case, "assign", owner=owner)
    new_case(store)
    with sqlite_console.person(SUPERVISOR, locale) as page:
        page.goto("/console/board")
        check_accessible(page)
        picture(page, "board", locale)
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.set_viewport_size({"width": 1280, "height": 800})
        page.locator(f'a[href="/console/decisions/{number}?move=approve_compensation"]').click()
        check_accessible(page)
        page.locator("#field-approved").fill("90000")
        picture(page, "decision", locale)
        page.locator("form[data-move] button.main").click()
        page.locator(".notice.good").wait_for()
        check_accessible(page)
        picture(page, "decisions", locale)


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_manager_holds_a_kind_of_case(sqlite_console: Served, locale: str):
    new_case(sqlite_console.store)
    with sqlite_console.person(MANAGER, locale) as page:
        page.goto("/console/board")
        page.locator("#hold-kind").select_option("complaint")
        page.locator("#hold-reason").select_option("mail_trouble")
        page.locator("button.danger").click()
        page.locator(".notice.good").wait_for()
        check_accessible(page)
        picture(page, "board-with-a-hold", locale)
        page.locator("form[action$='/releases'] select").select_option("cause_mended")
        page.locator("form[action$='/releases'] button").click()
        page.locator("form[action$='/releases']").wait_for(state="detached")
