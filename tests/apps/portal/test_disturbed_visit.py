"""A customer loses nothing that he typed: staff move his case, his visit ends, the store is busy, the server stops."""

import contextlib
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from engine.accounts.customer_keys import link_of
from engine.clock import system_now
from engine.commands.open_case import Opening, open_case
from engine.create_store import set_clock
from tests.apps.api.serving import STOP_SECONDS, served_store, serving
from tests.apps.portal.visitors import WANG
from tests.apps.web_site import Served
from tests.case_actions import START, contact, make_move, moves_of, new_case

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.long

WORDS = "The box is wet, too."
EVERYBODY = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def types(page: "Page") -> None:
    """Open the form by which something is added, and type into it."""
    page.locator("#move-follow_up summary").click()
    page.locator("#move-follow_up [name=words]").fill(WORDS)


def send(page: "Page") -> None:
    page.locator("#move-follow_up button").click()


@EVERYBODY
def test_what_he_typed_stays_when_staff_moved_his_case(sqlite_console: Served, scripts: bool):
    store = sqlite_console.store
    number = new_case(store, **WANG)
    with sqlite_console.person(None, "en", java_script_enabled=scripts) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        types(page)
        make_move(store, number, "classify")
        make_move(store, number, "reply", message="We are looking for it.")
        send(page)
        expect(page.get_by_text("has moved on meanwhile")).to_be_visible()
        expect(page.get_by_text("We are looking for it.")).to_be_visible()
        expect(page.locator("#move-follow_up [name=words]")).to_have_value(WORDS)
        send(page)
        expect(page.locator(".said").get_by_text(WORDS)).to_be_visible()
    assert moves_of(store, number).count("follow_up") == 1


@EVERYBODY
def test_what_he_typed_is_shown_when_his_visit_has_ended(sqlite_console: Served, scripts: bool):
    store = sqlite_console.store
    number = new_case(store, **WANG)
    link = link_of(store.secret, number, WANG["email"], START)
    with sqlite_console.person(None, "en", java_script_enabled=scripts) as page:
        page.goto(f"/portal/link/{link}")
        types(page)
        set_clock(store, START + timedelta(hours=1, seconds=1))
        send(page)
        expect(page.get_by_text(WORDS)).to_be_visible()
        expect(page.get_by_role("link", name="See how your matter stands")).to_be_visible()
        page.goto(f"/portal/link/{link}")
        types(page)
        send(page)
        expect(page.locator(".said").get_by_text(WORDS)).to_be_visible()


@EVERYBODY
def test_what_he_typed_is_shown_when_the_store_is_busy(sqlite_console: Served, scripts: bool):
    store = sqlite_console.store
    number = new_case(store, **WANG)
    with sqlite_console.person(None, "en", java_script_enabled=scripts) as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], START)}")
        types(page)
        with contextlib.closing(sqlite3.connect(store.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with page.expect_response("**/portal/case/follow_up", timeout=60_000) as answered:
                send(page)
            assert answered.value.status == 503
            expect(page.get_by_text(WORDS)).to_be_visible()
            other.execute("ROLLBACK")
        page.goto("/portal/case")
        types(page)
        send(page)
        expect(page.locator(".said").get_by_text(WORDS)).to_be_visible()
    assert moves_of(store, number).count("follow_up") == 1


@EVERYBODY
def test_a_page_that_was_open_while_the_server_restarted_sends_its_form(
    tmp_path: Path, chromium: "Browser", scripts: bool
):
    settings, token = served_store(tmp_path, None)
    with contextlib.closing(settings.store()) as store, contextlib.ExitStack() as stack:
        at = system_now()
        number = open_case(store, Opening(contact(at - START, **WANG)), at).number
        first = stack.enter_context(serving(settings, token))
        site = Served(first.url, store, chromium)
        page = stack.enter_context(site.person(None, "en", java_script_enabled=scripts))
        page.goto(f"/portal/link/{link_of(store.secret, number, WANG['email'], at)}")
        types(page)
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(STOP_SECONDS) == 0
        stack.enter_context(serving(settings, token, port=first.port))
        send(page)
        expect(page.locator(".said").get_by_text(WORDS)).to_be_visible()
        assert moves_of(store, number).count("follow_up") == 1
