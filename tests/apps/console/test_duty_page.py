"""The page of the duty roster: everybody sees who is on duty, a supervisor enters a swap (B11)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from engine.outbox.duty_alerts import Alert, record_alert
from engine.outbox.duty_links import link_to_acknowledge
from engine.settings import Settings
from engine.store import Store
from locales.translation import locales
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, HANDLER, HOUR, MANAGER, START, SUPERVISOR, execute_sql, new_case, query_rows
from tests.engine.accounts.people_with_accounts import add_accounts
from tests.engine.duty.rosters import recorded, weekly

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.any_database]

CHOSEN = {"duty_department", "duty_person", "duty_stand_in"}
BUTTON = {"answer": "yes"}
SWAP = {
    "duty_department": "claims", "duty_level": "1", "duty_person": SUPERVISOR, "duty_stand_in": HANDLER,
    "duty_from": "2026-03-02T20:00", "duty_until": "2026-03-03T08:00", "duty_reason": "a wedding",
}  # fmt: skip


def roster(store: Store) -> None:
    """Record a roster of the working days' nights."""
    shifts = [
        weekly(SUPERVISOR, "20:00", "08:00", "mon tue wed thu fri"),
        weekly("-", "08:00", "20:00"),
        weekly(MANAGER, department="", level=2),
    ]
    recorded(store, *shifts)


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    """The console over a store with a roster."""
    add_accounts(store, AGENT, SUPERVISOR)
    roster(store)
    with site_client(settings, store, None) as opened:
        yield opened


def test_everybody_sees_who_is_on_duty_and_when_nobody_is(client: TestClient, store: Store):
    log_in(client, store, AGENT)
    page = client.get("/console/duty").text
    assert "not needed" in page
    assert "Nobody on duty in the next 14 days" in page
    assert "Record the swap" not in page


def test_a_supervisor_enters_a_swap(client: TestClient, store: Store):
    csrf = log_in(client, store, SUPERVISOR)
    answer = client.post("/console/duty/swaps", data={"_csrf": csrf, **SWAP})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/duty?done=duty_swapped")
    [swap] = query_rows(store, "SELECT person, stand_in, reason FROM duty_swap")
    assert swap == {"person": SUPERVISOR, "stand_in": HANDLER, "reason": "a wedding"}
    assert "The swap is recorded." in client.get("/console/duty?done=duty_swapped").text


def test_a_swap_that_changes_nothing_is_refused_and_what_was_typed_stays(client: TestClient, store: Store):
    csrf = log_in(client, store, SUPERVISOR)
    answer = client.post("/console/duty/swaps", data={"_csrf": csrf, **SWAP, "duty_person": AGENT})
    assert answer.status_code == 409
    assert "is not on duty in this time" in answer.text
    assert "a wedding" in answer.text
    assert query_rows(store, "SELECT * FROM duty_swap") == []


def test_whoever_is_alerted_acknowledges_on_the_page(client: TestClient, store: Store):
    number = new_case(store)
    alert = Alert(1, 1, 1, None, (HANDLER,), START, START + HOUR)
    record_alert(store, alert, [], START)
    log_in(client, store, AGENT)
    page = client.get("/console/duty").text
    assert number in page
    assert "acknowledgements" not in page
    csrf = log_in(client, store, SUPERVISOR)
    assert "acknowledgements" in client.get("/console/duty").text
    answer = client.post("/console/duty/acknowledgements", data={"_csrf": csrf, "number": number})
    assert answer.headers["location"] == "/console/duty?done=duty_acknowledged"
    [row] = query_rows(store, "SELECT via, climbs_at, acknowledged_at FROM duty_alert")
    assert (row["via"], row["climbs_at"], row["acknowledged_at"] is not None) == ("console", None, True)
    again = client.post("/console/duty/acknowledgements", data={"_csrf": csrf, "number": "cp-26-000009"})
    assert (again.status_code, "There is no alert of cp-26-000009" in again.text) == (409, True)


def test_the_link_in_the_mail_shows_a_button_and_the_button_acknowledges(client: TestClient, store: Store):
    new_case(store)
    record_alert(store, Alert(1, 1, 1, None, (HANDLER,), START, START + HOUR), [], START)
    [row] = query_rows(store, "SELECT id FROM actor WHERE handle = :handle", handle=HANDLER)
    link = link_to_acknowledge(store.secret, 1, 1, 1, row["id"])
    for _ in range(2):
        assert "Acknowledge" in client.get(f"/console/duty/alerts/{link}").text
    assert query_rows(store, "SELECT acknowledged_at FROM duty_alert") == [{"acknowledged_at": None}]
    assert "Acknowledged" in client.post(f"/console/duty/alerts/{link}", data=BUTTON).text
    [alert] = query_rows(store, "SELECT acknowledged_by, via FROM duty_alert")
    assert alert == {"acknowledged_by": row["id"], "via": "link"}


def test_a_link_that_was_made_up_or_is_old_is_refused(client: TestClient, store: Store):
    new_case(store)
    record_alert(store, Alert(1, 1, 1, None, (HANDLER,), START, START + HOUR), [], START)
    ids = {row["handle"]: row["id"] for row in query_rows(store, "SELECT id, handle FROM actor")}
    sound = link_to_acknowledge(store.secret, 1, 1, 1, ids[HANDLER])
    forged = sound[:-1] + ("0" if sound[-1] != "0" else "1")
    not_alerted = link_to_acknowledge(store.secret, 1, 1, 1, ids[AGENT])
    of_no_alert = link_to_acknowledge(store.secret, 1, 1, 2, ids[HANDLER])
    for link in (forged, not_alerted, of_no_alert, "x"):
        assert client.post(f"/console/duty/alerts/{link}", data=BUTTON).status_code == 404
    execute_sql(store, "UPDATE duty_alert SET raised_at = 0")
    assert client.get(f"/console/duty/alerts/{sound}").status_code == 404
    assert query_rows(store, "SELECT acknowledged_at FROM duty_alert") == [{"acknowledged_at": None}]


@pytest.mark.long
@pytest.mark.parametrize("locale", locales())
def test_in_a_browser_an_alert_is_acknowledged_and_a_swap_entered(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    roster(store)
    new_case(store)
    record_alert(store, Alert(1, 1, 1, None, (SUPERVISOR,), START, START + HOUR), [], START)
    with sqlite_console.person(SUPERVISOR, locale) as page:
        page.goto("/console/duty")
        check_accessible(page)
        picture(page, "duty", locale)
        page.locator("form[action$=acknowledgements] button").click()
        expect(page.locator("[role=status]").first).to_be_visible()
        for name, value in SWAP.items():
            field = page.locator(f"[name={name}]")
            field.select_option(value) if name in CHOSEN else field.fill(value)
        page.locator("form[action$=swaps] button").click()
        page.wait_for_url("**/duty?done=duty_swapped")
    [alert] = query_rows(store, "SELECT via FROM duty_alert")
    [swap] = query_rows(store, "SELECT stand_in FROM duty_swap")
    assert (alert["via"], swap["stand_in"]) == ("console", HANDLER)
