"""The case page answers in one look: what is awaited, what runs out when, what happened, what may be done."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pytest
from fastapi.testclient import TestClient

from engine.commands.open_case import Opening, open_case
from engine.settings import Settings
from engine.store import Store
from statemachines.kinds import lifecycles
from tests.apps.console.case_clients import send_form
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import site_client
from tests.case_actions import AGENT, AUDITOR, HANDLER, HOUR, START, SUPERVISOR, contact, make_move, new_case
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = pytest.mark.requirement("B1")

SCRIPT = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


class Visitors(Protocol):
    def __call__(self, handle: str | None, locale: str = "en") -> AbstractContextManager[TestClient]: ...


@pytest.fixture
def visit(sqlite_settings: Settings, sqlite_store: Store) -> Visitors:
    add_accounts(sqlite_store, *HANDLES)
    return lambda handle, locale="en": site_client(sqlite_settings, sqlite_store, handle, locale)


@pytest.fixture
def amy(visit: Visitors) -> Iterator[TestClient]:
    with visit(AGENT) as client:
        yield client


def test_the_page_says_what_is_awaited_from_whom_and_what_runs_out_when(amy: TestClient, sqlite_store: Store):
    number = new_case(sqlite_store, customer="王小明女士", phone="13800138000")
    make_move(sqlite_store, number, "classify")
    page = amy.get(f"/console/cases/{number}").text
    assert "awaits Handler" in page
    assert "<b>han</b>" in page
    assert "data-due=" in page
    assert "Counted day by day" in page
    assert "working day" in page
    assert "My parcel is broken." in page
    assert "王小明女士" in page
    assert "13800138000" in page


def test_what_may_be_done_is_a_button_and_what_may_not_has_its_reason(visit: Visitors, sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "investigate")
    with visit(HANDLER) as han:
        page = han.get(f"/console/cases/{number}").text
    allowed, _, barred = page.partition("<details><summary>Not now, and why")
    assert f'href="/console/cases/{number}/moves/resolve"' in allowed
    barred = barred.partition("</details>")[0]
    assert barred.count("not fulfilled:") >= 1, barred


def test_the_parts_that_change_come_alone_when_a_script_asks(amy: TestClient, sqlite_store: Store):
    number = new_case(sqlite_store)
    part = amy.get(f"/console/cases/{number}", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert f'<div id="case" data-fragment="/console/cases/{number}">' in part


def test_nobody_reads_a_case_that_is_not_his(visit: Visitors, sqlite_store: Store):
    number = new_case(sqlite_store)
    for handle, status in ((ADMIN, 404), (HANDLER, 404), (AGENT, 200), (AUDITOR, 200)):
        with visit(handle) as client:
            for path in ("", "/diagram", "/attachments"):
                assert client.get(f"/console/cases/{number}{path}").status_code == status, (handle, path)
    with visit(None) as nobody:
        assert nobody.get(f"/console/cases/{number}").status_code == 401


def test_whoever_reviews_sees_masked_data_until_he_gives_a_reason(visit: Visitors, sqlite_store: Store):
    number = new_case(sqlite_store, customer="王小明", phone="13800138000", text="Call me at 13800138000.")
    address = f"/console/cases/{number}"
    with visit(AUDITOR) as odd:
        masked = odd.get(address).text
        assert "王小明" not in masked
        assert "13800138000" not in masked
        refused = send_form(odd, f"{address}/unmask", masked, fields=["name", "phone"], reason=" ")
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
        shown = send_form(odd, f"{address}/unmask", masked, fields=["name", "phone", "texts"], reason="Complaint 7.")
        assert shown.status_code == 200
        assert "王小明" in shown.text
        assert "Call me at 13800138000." in shown.text
        assert "王小明" not in odd.get(address).text
    with sqlite_store.looking() as tx:
        reasons = [row.reason for row in tx.rows("SELECT reason FROM reading WHERE reason <> ''")]
    assert reasons == ["Complaint 7."]


def test_an_agent_unmasks_nothing(amy: TestClient, visit: Visitors, sqlite_store: Store):
    number = new_case(sqlite_store)
    address = f"/console/cases/{number}"
    assert "Show masked data" not in amy.get(address).text
    with visit(ADMIN) as root:
        assert send_form(root, f"{address}/unmask", root.get("/console/cases").text, fields="name").status_code == 404


@pytest.mark.parametrize("kind", sorted(kind for kind, table in lifecycles().items() if not table.readers))
def test_every_kind_has_its_page_its_drawing_and_its_forms(visit: Visitors, sqlite_store: Store, kind: str):
    number = open_case(sqlite_store, Opening(contact(), kind=kind, actor=AGENT), START).number
    with visit(AGENT) as amy:
        for path in ("", "/diagram", "/attachments", *(f"/moves/{move}" for move in lifecycles()[kind].rows)):
            assert amy.get(f"/console/cases/{number}{path}").status_code == 200, path


def test_no_text_of_a_stranger_becomes_part_of_the_page(amy: TestClient, sqlite_store: Store):
    number = new_case(sqlite_store, customer=SCRIPT[:90], text=SCRIPT, subject=SCRIPT, demand=SCRIPT, shipment=SCRIPT)
    make_move(sqlite_store, number, "note", AGENT, note=SCRIPT)
    for path in ("", "/diagram", "/moves/note", "/attachments"):
        page = amy.get(f"/console/cases/{number}{path}").text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
    assert "&lt;script&gt;alert(1)" in amy.get(f"/console/cases/{number}").text


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_text_of_the_pages_has_its_translation(visit: Visitors, sqlite_store: Store, locale: str):
    number = new_case(sqlite_store, customer="王小明", email="wang@example.com")
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "reply", HANDLER)
    with visit(SUPERVISOR, locale) as sue:
        for path in ("", "/diagram", "/moves/reply", "/moves/note", "/attachments"):
            page = sue.get(f"/console/cases/{number}{path}").text
            assert not re.findall(r"[>\s](?:console|web|story)\.[a-z_.]+", page), path
        assert not re.findall(r"[>\s]console\.[a-z_.]+", sue.get("/console/kinds/complaint").text)


def test_the_diagram_shows_the_way_that_the_case_went(amy: TestClient, sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "investigate", after=HOUR)
    page = amy.get(f"/console/cases/{number}/diagram").text
    assert page.count('class="arrow taken"') == 2
    assert page.count('class="state here"') == 1
    assert "here now" in page
    assert "possible next" in page
    assert "style=" not in page


@pytest.mark.parametrize(("handle", "status"), [(SUPERVISOR, 200), (AUDITOR, 200), (AGENT, 403), (HANDLER, 403)])
def test_the_page_of_a_kind_is_for_those_who_read_figures(
    visit: Visitors, sqlite_store: Store, handle: str, status: int
):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify", after=2 * HOUR)
    with visit(handle) as client:
        answer = client.get("/console/kinds/complaint")
        assert answer.status_code == status
        if status == 200:
            assert "2 h" in answer.text
            assert client.get("/console/kinds/nothing").status_code in (404, 422)
