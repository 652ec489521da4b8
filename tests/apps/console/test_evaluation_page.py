"""The pages of the evaluation of a period and of the audit of records: what they show, and to whom (E3, B7, F1)."""

import asyncio

import pytest
from httpx import Response

from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from flows.scheduled_work import run_scheduled
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.schedule import SUPERVISION
from gateways.telephone import FakeTelephone
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DAY,
    HOUR,
    MANAGER,
    START,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
)
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("E3"), pytest.mark.requirement("F1")]

MARCH = "period=2026-03"
ENDED = """
UPDATE transition SET source = 'resolved', dest = 'archived', move = 'archive' WHERE move = 'classify' AND case_id = 2
"""


def lived(store: Store) -> None:
    """Let a complaint be called back and another one end without a result; it is April."""
    number = new_resolved_case(store)
    make_move(store, number, "revisit", by=AGENT, after=2 * HOUR, outcome="satisfied", attitude=4)
    make_move(store, new_case(store, phone="13800138009"), "classify")
    execute_sql(store, ENDED)
    execute_sql(store, "UPDATE cases SET state = 'archived', closed = :yes WHERE id = 2", yes=True)
    set_clock(store, START + 40 * DAY)


@pytest.fixture
def site_of(sqlite_settings: Settings, sqlite_store: Store) -> tuple[Settings, Store]:
    add_accounts(sqlite_store, *HANDLES)
    lived(sqlite_store)
    return sqlite_settings, sqlite_store


def got(site: tuple[Settings, Store], handle: str, address: str) -> Response:
    with site_client(*site, None) as client:
        log_in(client, site[1], handle)
        return client.get(f"/console{address}")


def page(site: tuple[Settings, Store], handle: str, address: str) -> str:
    answer = got(site, handle, address)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_manager_reads_the_evaluation_and_takes_the_report_home(site_of: tuple[Settings, Store]):
    text = page(site_of, MANAGER, f"/evaluation?{MARCH}")
    assert "Evaluation of 2026-03" in text
    assert "Completeness of records" in text
    assert f"/console/indicators/report?{MARCH}&amp;as_of=&amp;file_format=pdf" in text
    assert "/console/regulator-pack" not in text
    assert "/console/record-audit" not in text
    assert 'href="/console/evaluation"' in page(site_of, MANAGER, "/report")


def test_an_auditor_finds_pack_and_audit_of_records_there(site_of: tuple[Settings, Store]):
    text = page(site_of, AUDITOR, f"/evaluation?{MARCH}")
    assert "/console/regulator-pack" in text
    assert f"/console/record-audit?{MARCH}" in text
    assert "/console/record-audit" in page(site_of, AUDITOR, "/record")


def test_the_audit_of_records_leads_to_the_cases_and_the_findings(site_of: tuple[Settings, Store]):
    text = page(site_of, AUDITOR, f"/record-audit?{MARCH}")
    assert 'href="/console/cases/cp-26-000002"' in text
    assert "The result is recorded" in text
    assert "The answer meets each demand of the customer" in text
    assert "/console/cases/fd-26" not in text
    asyncio.run(run_scheduled(Work(site_of[1], FakeMailer(), FakeTelephone()), SUPERVISION))
    assert 'href="/console/cases/fd-26-000003"' in page(site_of, AUDITOR, f"/record-audit?{MARCH}")


def test_neither_page_is_for_an_agent(site_of: tuple[Settings, Store]):
    assert [got(site_of, AGENT, address).status_code for address in ("/evaluation", "/record-audit")] == [403, 403]


def test_a_period_or_an_instant_that_cannot_be_meant_is_refused(site_of: tuple[Settings, Store]):
    wrong = ("/evaluation?period=2026-13", "/record-audit?as_of=yesterday", "/record-audit?as_of=2027-01-01T00:00")
    assert [got(site_of, AUDITOR, address).status_code for address in wrong] == [422, 422, 422]


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_pages_can_be_read_by_everybody(sqlite_console: Served, sqlite_store: Store, locale: str):
    lived(sqlite_store)
    with sqlite_console.person(AUDITOR, locale) as browser:
        for name in ("evaluation", "record-audit"):
            browser.goto(f"/console/{name}?{MARCH}")
            check_accessible(browser)
            picture(browser, name, locale)
