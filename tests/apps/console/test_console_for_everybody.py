"""Every page of the console is read by everybody, in Chinese: axe finds nothing, and 360 pixels are wide enough.

The pages come from the table of the access test, so that a new one is read, too.
"""

from typing import TYPE_CHECKING

import pytest

from engine.store import Store
from tests.apps.test_page_access import FOR_ANYBODY, GET, MORE, OF_MANY, OF_NO_CASE, OF_ONE_CASE
from tests.apps.web_site import Served, check_accessible
from tests.case_actions import AGENT, AUDITOR, DIRECTOR, HANDLER, MANAGER, SUPERVISOR, make_move, new_case
from tests.engine.accounts.people_with_accounts import ADMIN
from tests.engine.attachments.evidence import attach_files, photo

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.long

READERS = (MANAGER, AUDITOR, ADMIN)
"""Between them they may open every page; the first one who may is asked."""
NO_PAGES = {
    "/live", "/indicators/book", "/indicators/report",
    "/cases/{number}/attachments/{attachment_id}", "/cases/{number}/attachments/{attachment_id}/thumbnail",
}  # fmt: skip
READ_ELSEWHERE = {
    "/rules/drafts/{draft_id}", "/rules/drafts/{draft_id}/preview", "/rules/drafts/{draft_id}/past",
    "/conduct/draws/{draw_id}", "/conduct/draws/{draw_id}/{position}", "/own-matters/{number}", "/surveys/{survey_id}",
}  # fmt: skip
"""Read by the tests of these pages, which write what they show."""
MOVES = ("reply", "investigate", "escalate", "assign", "promise", "propose_refusal", "extend", "attach")
WIDE = """
() => [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > 360.5)
    .map((each) => each.outerHTML.slice(0, 160)).slice(0, document.documentElement.scrollWidth > 360 ? 4 : 0)
"""
"""What reaches beyond a screen of 360 pixels, where it is scrolled sideways."""


def case_with_everything(store: Store) -> str:
    """Return the number of a complaint with promises, a letter, a photo with a long name and a long word."""
    number = new_case(store, customer="王女士", phone="13800138000", email="wang@example.com", text="外箱破损。" * 30)
    make_move(store, number, "classify")
    make_move(store, number, "promise", promise="明早回电。", due_at="2026-03-03T09:00:00+08:00")
    make_move(store, number, "reply", message=f"运单 {'YT2026030200017' * 8} 正在查找。")
    attach_files(store, number, (f"{'Zustellbescheinigung' * 5}.jpg", photo()))
    return number


def pages() -> list[str]:
    """Return the path of every page of the console, and of the forms of some moves."""
    routes = {path for method, path in {**OF_ONE_CASE, **OF_MANY, **OF_NO_CASE} if method == GET}
    moves = {f"/cases/{{number}}/moves/{move}" for move in MOVES}
    return sorted(routes - NO_PAGES - READ_ELSEWHERE | moves)


def test_every_page_of_the_console_is_read_by_everybody(sqlite_console: Served):
    number = case_with_everything(sqlite_console.store)
    unread, faults = pages(), dict[str, object]()
    for handle in READERS:
        with sqlite_console.person(handle, "zh_CN", viewport={"width": 360, "height": 740}) as page:
            for path in list(unread):
                answer = page.goto(f"/console{path.format(number=number, **MORE)}")
                if answer is not None and answer.status == 200:
                    unread.remove(path)
                    faults |= _faults(page, path)
    assert unread == [], "nobody may open these"
    assert faults == {}


def test_the_pages_before_the_log_in_are_read_by_everybody(sqlite_console: Served):
    faults = dict[str, object]()
    with sqlite_console.person(None, "zh_CN", viewport={"width": 360, "height": 740}) as page:
        for path in sorted(path for method, path in FOR_ANYBODY if method == GET):
            page.goto(f"/console{path}")
            faults |= _faults(page, path)
        page.goto("/console/cases")
        faults |= _faults(page, "/cases without a session")
    assert faults == {}


@pytest.mark.parametrize("handle", [AGENT, HANDLER, SUPERVISOR, DIRECTOR])
def test_a_page_that_somebody_may_not_open_is_read_by_everybody(sqlite_console: Served, handle: str):
    with sqlite_console.person(handle, "zh_CN", viewport={"width": 360, "height": 740}) as page:
        for path in ("/people", "/cases/cp-26-000099", "/nowhere"):
            page.goto(f"/console{path}")
            assert _faults(page, path) == {}


def _faults(page: "Page", path: str) -> dict[str, object]:
    """Return what axe finds on a page, and what reaches beyond its edge."""
    found = dict[str, object]()
    if wide := page.evaluate(WIDE):
        found[f"{path} is scrolled sideways"] = wide
    try:
        check_accessible(page)
    except AssertionError as error:
        found[f"{path}: axe"] = str(error)[:1500]
    return found
