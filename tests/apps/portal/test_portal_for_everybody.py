"""Every page of the portal can be read by everybody: axe finds nothing, and 360 pixels are wide enough.

In each language, in light and dark, also while a visit runs and where the page says what was wrong.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from engine.accounts.customer_keys import link_of
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from tests.apps.portal.visitors import WANG
from tests.apps.web_site import Served, check_accessible
from tests.case_actions import START, contact, execute_sql, make_move, new_case, new_resolved_case
from tests.engine.attachments.evidence import attach_files, photo

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.long

FOR_ANYBODY = ("/", "/contact", "/rate", "/track", "/status", "/report")
FAULTY = {
    "/contact": "/portal/contact",
    "/rate": "/portal/rate",
    "/status": "/portal/status",
    "/report": "/portal/report",
}
"""The pages whose forms refuse what is empty, and where they are sent."""
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
KNOWN = '{"as_of":"2026-03-01T20:00:00.000000Z","criteria":"dry","lead_department":"claims","position":"port"}'


WIDE = """
() => [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > 360.5)
    .map((each) => each.outerHTML.slice(0, 200)).slice(0, document.documentElement.scrollWidth > 360 ? 5 : 0)
"""
"""What reaches beyond a screen of 360 pixels, where it is scrolled sideways."""


def order_in(store: Store, state: str) -> str:
    """Return the number of an order in a state, with the position of its goods."""
    number = open_case(store, Opening(contact(**WANG), "order"), START).number
    sql = "UPDATE cases SET state = :state, variables = :known WHERE number = :number"
    execute_sql(store, sql, state=state, known=KNOWN, number=number)
    return number


def cases_of(store: Store) -> Iterator[str]:
    """Yield the numbers of cases whose pages differ: asked, resolved with a photo, planned, to be accepted, tracked."""
    asked = new_case(store, text=LONG_NAME, **WANG)
    make_move(store, asked, "classify")
    make_move(store, asked, "promise", promise="A call.", due_at="2026-03-03T09:00:00+08:00")
    make_move(store, asked, "ask_customer", question=f"Which day? {LONG_NAME}", medium="send")
    yield asked
    resolved = new_resolved_case(store, **WANG)
    [file] = attach_files(store, resolved, (f"{LONG_NAME}.jpg", photo()))
    make_move(store, resolved, "reply", message="As you see.", attachments=file.id)
    yield resolved
    for state in ("plan_approved", "accepting", "acceptance_refused", "executing", "cancelled"):
        yield order_in(store, state)


def check(page: "Page") -> None:
    """Fail where somebody cannot read or work the page, or has to scroll it sideways."""
    wide = page.evaluate(WIDE)
    assert wide == [], page.url
    check_accessible(page)


def send_empty(page: "Page", action: str) -> None:
    """Send a form without what is mandatory, as a browser does that checks nothing."""
    form = page.locator(f"form[action='{action}']").first
    with page.expect_navigation():
        form.evaluate("form => { form.noValidate = true; form.submit(); }")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_page_for_anybody_is_read_by_everybody(sqlite_console: Served, locale: str, scheme: str):
    with sqlite_console.person(None, locale, viewport={"width": 360, "height": 640}, color_scheme=scheme) as page:
        for path in FOR_ANYBODY:
            page.goto(f"/portal{path}")
            assert page.locator("html").get_attribute("lang") == locale.replace("_", "-")
            check(page)
            if path in FAULTY:
                send_empty(page, f"/portal{path}")
                assert page.locator("[aria-invalid=true]").count() > 0, "the fault stands at its field"
                check(page)
        page.goto("/portal/status")
        page.locator("[name=number]").fill("cp-26-000001")
        page.locator("form[action='/portal/status'] button").click()
        check(page)
        page.locator("[name=code]").fill("000000")
        page.locator("form[action='/portal/code'] button").click()
        page.locator("#code-error").wait_for()
        check(page)
        for path in ("/case", "/nowhere", "/link/cp-26-000001.1.0"):
            page.goto(f"/portal{path}")
            check(page)
        page.goto("/portal/report")
        page.locator("[name=text]").fill("The driver signed for me.")
        page.locator("form[action='/portal/report'] button").click()
        page.locator(".receipt").wait_for()
        check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_page_of_a_visit_is_read_by_everybody(sqlite_console: Served, locale: str, scheme: str):
    store = sqlite_console.store
    numbers = list(cases_of(store))
    with sqlite_console.person(None, locale, viewport={"width": 360, "height": 640}, color_scheme=scheme) as page:
        for number in numbers:
            page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            check(page)
        page.goto(f"/portal/link/{link_of(store.secret, numbers[0], WANG['email'], START)}")
        send_empty(page, "/portal/case/customer_answers")
        assert page.locator("[aria-invalid=true]").count() > 0, "the fault stands at its field"
        check(page)
