"""The pages in Chromium as a whole: their weight, no layout shift, both themes, no scripts, a busy store."""

import contextlib
import sqlite3
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from engine.store import Store
from tests.apps.web_site import Served, check_accessible
from tests.case_actions import AGENT, DIRECTOR, HANDLER, SUPERVISOR, case_of, make_move, moves_of, new_case
from tests.engine.accounts.people_with_accounts import ADMIN

pytestmark = [pytest.mark.long, pytest.mark.requirement("H3")]

MOST_BYTES, MOST_REQUESTS = 150 * 1024, 12
OVER_THE_WIRE = """
() => [performance.getEntriesByType("navigation"), performance.getEntriesByType("resource")].flat()
    .map((each) => [each.name, each.transferSize])
"""
SHIFTS = """
() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const each of list.getEntries()) sum += each.value; })
    .observe({ type: "layout-shift", buffered: true });
  let seconds = 0; // each second writes every countdown anew, also those that a refreshed part brought
  new MutationObserver(() => { seconds += 1; if (seconds >= 3) requestAnimationFrame(() => done(sum)); })
    .observe(document.body, { childList: true, subtree: true });
})
"""
PAGES_OF_STAFF = {
    AGENT: ("/cases", "/cases/new", "/callbacks", "/me", "/cases/{number}", "/cases/{number}/moves/reply"),
    SUPERVISOR: ("/board", "/bulk", "/decisions", "/report", "/cases/{number}/diagram", "/cases/{number}/attachments"),
    DIRECTOR: ("/admin", "/kinds/complaint"),
    "odd": ("/readings", "/refusals", "/record", "/exports", "/regulator-pack"),
    ADMIN: ("/people", "/people/amy", "/tokens", "/webhooks", "/dead-letters", "/classifier"),
}
PORTAL_PAGES = ("/", "/contact", "/rate", "/track", "/status", "/report")


def classified_case(store: Store) -> str:
    """Return the number of a complaint whose clauses run."""
    number = new_case(store, customer="Ms Wang", phone="13800138000", email="wang@example.com")
    make_move(store, number, "classify")
    return number


@pytest.mark.parametrize("path", ["/console/cases", "/console/cases/{number}"])
def test_a_first_page_is_small_and_asks_for_little(sqlite_console: Served, path: str):
    number = classified_case(sqlite_console.store)
    for row in range(60):
        new_case(sqlite_console.store, row_id=f"more-{row}")
    with sqlite_console.person(AGENT) as page:
        asked = list[str]()
        page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        page.goto(path.format(number=number), wait_until="load")
        weights = [size for name, size in page.evaluate(OVER_THE_WIRE) if not name.partition("?")[0].endswith("/live")]
        assert len(asked) <= MOST_REQUESTS, asked
        assert 0 < sum(weights) <= MOST_BYTES, page.evaluate(OVER_THE_WIRE)


@pytest.mark.parametrize("path", ["/console/cases", "/console/cases/{number}"])
def test_nothing_shifts_while_countdowns_run(sqlite_console: Served, path: str):
    number = classified_case(sqlite_console.store)
    with sqlite_console.person(HANDLER) as page:
        page.goto(path.format(number=number))
        page.locator("time[data-due] .left").first.wait_for()
        assert page.evaluate(SHIFTS) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody_in_both_themes(sqlite_console: Served, scheme: str):
    number = classified_case(sqlite_console.store)
    for handle, paths in PAGES_OF_STAFF.items():
        with sqlite_console.person(handle, color_scheme=scheme) as page:
            for path in paths:
                answer = page.goto(f"/console{path.format(number=number)}")
                assert answer is not None
                assert answer.status == 200, path
                check_accessible(page)
    with sqlite_console.person(None, color_scheme=scheme) as page:
        for path in PORTAL_PAGES:
            page.goto(f"/portal{path}")
            check_accessible(page)


def test_everything_works_without_scripts(sqlite_console: Served):
    store = sqlite_console.store
    with sqlite_console.person(None, java_script_enabled=False) as page:
        page.goto("/portal/contact")
        page.locator("[name=nature]").select_option("complaint")
        page.locator("[name=text]").fill("My parcel is wet.")
        page.locator("[name=email]").fill("wang@example.com")
        page.locator("form[action='/portal/contact'] button").click()
        expect(page.get_by_text("My parcel is wet.")).to_be_visible()
    with sqlite_console.person(AGENT, java_script_enabled=False) as page:
        page.goto("/console/cases")
        page.locator("a[href^='/console/cases/cp-']").first.click()
        number = urlsplit(page.url).path.rpartition("/")[2]
        page.goto(f"/console/cases/{number}/moves/note")
        page.locator("#field-note").fill("Typed without scripts.")
        page.locator("button.main").click()
        expect(page.get_by_text("Typed without scripts.")).to_be_visible()
    assert (case_of(store, number)["channel"], moves_of(store, number)[-1]) == ("website", "note")


def test_a_store_that_is_busy_keeps_a_form_and_says_so(sqlite_console: Served):
    store = sqlite_console.store
    number = classified_case(store)
    with sqlite_console.person(AGENT) as page:
        page.goto(f"/console/cases/{number}/moves/note")
        page.locator("#field-note").fill("Typed while the store was busy.")
        with contextlib.closing(sqlite3.connect(store.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with page.expect_response("**/moves/note") as answered:
                page.locator("button.main").click()
            assert answered.value.status == 503
            expect(page.locator("#field-note")).to_have_value("Typed while the store was busy.")
            other.execute("ROLLBACK")
        page.locator("button.main").click()
        expect(page.get_by_text("Typed while the store was busy.")).to_be_visible()
    assert moves_of(store, number).count("note") == 1
