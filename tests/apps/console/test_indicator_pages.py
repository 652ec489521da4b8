"""The pages of the indicators: figures with targets, a trend, the cases behind, and who may see whose (E2)."""

import io

import pytest
from httpx import Response
from openpyxl import load_workbook

from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from engine.rules.indicators import indicators
from engine.settings import Settings
from engine.store import Store
from engine.third_party import GivenScores, record_scores
from statemachines.roles import Role
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, DAY, HOUR, START, contact, make_move, new_resolved_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.requirement("H3")]

MARCH = "period=2026-03"
NUMBER = "cp-26-000001"


def live_a_month(store: Store, month: int) -> None:
    for hour, outcome in enumerate(("satisfied", "dissatisfied" if month % 3 else "satisfied", "satisfied")):
        after = month * 30 * DAY + hour * HOUR
        number = new_resolved_case(store, after, phone=f"138001380{month}{hour}")
        make_move(store, number, "revisit", by=AGENT, after=after + 2 * HOUR, outcome=outcome, attitude=4)


def lived(store: Store, months: int = 1) -> None:
    """Let three complaints of each month live: two customers are satisfied, one is not."""
    for month in range(months):
        live_a_month(store, month)
    set_clock(store, START + months * 30 * DAY + DAY)


@pytest.fixture
def site_of(sqlite_settings: Settings, sqlite_store: Store) -> tuple[Settings, Store]:
    add_accounts(sqlite_store, *HANDLES)
    lived(sqlite_store)
    set_clock(sqlite_store, START + 40 * DAY)
    return sqlite_settings, sqlite_store


def got(site: tuple[Settings, Store], handle: str, address: str) -> Response:
    with site_client(*site, None) as client:
        log_in(client, site[1], handle)
        return client.get(f"/console/indicators{address}")


def page(site: tuple[Settings, Store], handle: str, address: str) -> str:
    answer = got(site, handle, address)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_manager_reads_every_indicator_with_its_target(site_of: tuple[Settings, Store]):
    text = page(site_of, "mei", f"?{MARCH}")
    assert all(indicator.label["en"] in text for indicator in indicators().values())
    assert "100.0 %" in text
    assert "reached" in text


def test_an_indicator_leads_to_its_cases_and_groups(site_of: tuple[Settings, Store]):
    text = page(site_of, "mei", f"/satisfied_share?{MARCH}&by=department")
    assert f'href="/console/cases/{NUMBER}"' in text
    assert "Response rate: 100.0 %" in text
    assert "small sample" in text


def test_an_indicator_is_drilled_down_to_causes_and_to_whom_was_asked(site_of: tuple[Settings, Store]):
    assert "Period before" in page(site_of, "mei", f"/complaint_rate?{MARCH}&by=cause")
    text = page(site_of, "mei", f"/satisfied_share?{MARCH}&by=person")
    assert "Called after a promise broken" in text
    assert "Called after" not in page(site_of, "han", f"/satisfied_share?{MARCH}&by=person")


def test_a_handler_reads_his_own_figures_alone(site_of: tuple[Settings, Store]):
    text = page(site_of, "han", f"/satisfied_share?{MARCH}&by=department")
    assert "han" in text
    assert f"/console/cases/{NUMBER}" not in text
    assert "Your own figures" in page(site_of, "han", f"?{MARCH}")
    assert "100.0 %" not in page(site_of, "amy", f"/satisfied_share?{MARCH}")


def test_what_was_typed_wrongly_is_said_and_kept_apart(site_of: tuple[Settings, Store]):
    for asked in ("period=2026-13", "period=<script>", "as_of=tomorrow", "as_of=2030-01-01T00:00"):
        text = page(site_of, "mei", f"?{asked}")
        assert 'role="alert"' in text
        assert "<script>" not in text.split("<main")[1]
    assert got(site_of, "mei", "/joy").status_code == 404


def test_the_workbook_holds_the_same_figures(site_of: tuple[Settings, Store]):
    content = got(site_of, "mei", f"/book?{MARCH}").content
    figures = load_workbook(io.BytesIO(content))["Figures"]
    rows = {row[0]: row for row in figures.iter_rows(values_only=True)}
    assert rows["satisfied_share"][3:7] == (100, "percent", 3, 3)
    assert rows["complaint_rate"][3] is None
    assert got(site_of, "han", f"/book?{MARCH}").status_code == 403


def test_where_the_last_month_is_empty_the_last_one_with_figures_is_shown_and_said(
    site_of: tuple[Settings, Store],
):
    set_clock(site_of[1], START + 75 * DAY)  # in May: the complaints lived in March
    text = page(site_of, "mei", "")
    assert "Indicators 2026-03" in text
    assert "2026-04 has no figures, so 2026-03 is shown" in text
    assert "2026-04 has no figures" in page(site_of, "han", "")
    assert "2026-04 has no figures" in page(site_of, "mei", "/satisfied_share")
    assert "has no figures" not in page(site_of, "mei", "?period=2026-04")


def test_the_month_that_runs_is_offered_and_said_to_be_running(sqlite_settings: Settings, sqlite_store: Store):
    site = sqlite_settings, sqlite_store
    add_accounts(sqlite_store, *HANDLES)
    live_a_month(sqlite_store, 0)
    set_clock(sqlite_store, START + 10 * DAY)
    text = page(site, "mei", "")
    assert "2026-02 has no figures, so 2026-03 is shown" in text
    assert "2026-03 is not over" in text
    assert "period=2026-03&amp;as_of=&amp;by=" in text
    assert "is not over" not in page(site, "mei", "?period=2026-02")


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_manager_sees_the_trend_as_a_picture(sqlite_console: Served, sqlite_store: Store, locale: str):
    lived(sqlite_store, 8)
    with sqlite_console.person("mei", locale) as browser:
        browser.goto("/console/indicators?period=2026-09")
        check_accessible(browser)
        picture(browser, "indicators", locale)
        browser.goto("/console/indicators/satisfied_share?period=2026-09&by=channel")
        browser.locator(".chart canvas").wait_for()
        check_accessible(browser)
        picture(browser, "indicator", locale)


def evaluated(store: Store) -> str:
    """Record a doubtful evaluation, and scores of a third party with a gap; return the number of these."""
    with store.writing() as tx:
        for actor in (NewActor("mak", (Role.MARKET,)), NewActor("qia", (Role.QUALITY_TEAM,))):
            add_actor(tx, actor)
    at = store.now()
    doubted = open_case(store, Opening(contact(at=at), "evaluation", actor=AGENT), at).number
    advance(store, Command(doubted, "assess", {"tone": "negative", "attitude": 1}, actor=AGENT), at)
    advance(store, Command(doubted, "dispute", {"evidence": "She never called."}, actor="qia"), at)
    given = GivenScores("logistics", "SGS", "unannounced", "2026-04", ["claims:attitude:6000"])
    number = record_scores(store, given, "mak", "api", at).number
    comparison = {"comparison": "claims:attitude:6000:9000:30:gap", "gaps": 1, "gap_limit": 10, "edition": "a@1"}
    advance(store, Command(number, "compare", comparison | {"figures_at": at.isoformat()}), at)
    return number


@pytest.mark.requirement("E1")
@pytest.mark.requirement("E8")
def test_evaluations_stand_below_the_figures_both_ways_and_beside_third_parties(site_of: tuple[Settings, Store]):
    number = evaluated(site_of[1])
    text = page(site_of, "mei", "?period=2026-04")
    assert "Without doubtful ones" in text
    assert "1 (100.0 %)" in text
    assert f"{number} · SGS · 2026-04 · unannounced" in text
    assert "30.00" in text
    assert "beyond the limit" in text


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_everybody_can_read_the_tables_of_the_evaluations(sqlite_console: Served, sqlite_store: Store, locale: str):
    lived(sqlite_store)
    set_clock(sqlite_store, START + 40 * DAY)
    evaluated(sqlite_store)
    with sqlite_console.person("mei", locale) as browser:
        browser.goto("/console/indicators?period=2026-04")
        check_accessible(browser)
        assert browser.locator("table").count() == 3
