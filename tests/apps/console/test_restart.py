"""The server stops and starts again under open pages: no stream holds the stop, and the pages are live afterwards."""

import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from engine.clock import system_now
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from tests.apps.api.serving import STOP_SECONDS, served_store, serving
from tests.apps.web_site import Served
from tests.case_actions import AGENT, START, contact
from tests.engine.accounts.people_with_accounts import add_accounts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.long, pytest.mark.requirement("H4")]


def opened(store: Store, row_id: str) -> str:
    """Open a case now; return its number."""
    at = system_now()
    return open_case(store, Opening(contact(at - START, row_id=row_id)), at).number


@pytest.mark.parametrize("workers", [1, 2])
def test_pages_are_live_again_after_a_restart_that_no_stream_held_up(tmp_path: Path, chromium: "Browser", workers: int):
    settings, token = served_store(tmp_path, None)
    with contextlib.closing(settings.store()) as store, contextlib.ExitStack() as stack:
        add_accounts(store, AGENT)
        first = stack.enter_context(serving(settings, token, workers))
        site = Served(first.url, store, chromium)
        page = stack.enter_context(site.person(AGENT, "en"))
        with page.expect_response("**/console/live"):
            page.goto("/console/cases")
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(STOP_SECONDS) == 0
        assert "graceful shutdown exceeded" not in first.log
        while_away = opened(store, "1")
        expect(page.get_by_text(while_away)).to_have_count(0)
        stack.enter_context(serving(settings, token, workers, port=first.port))
        expect(page.get_by_text(while_away)).to_be_visible(timeout=STOP_SECONDS * 1000)
        afterwards = opened(store, "2")
        expect(page.get_by_text(afterwards)).to_be_visible(timeout=STOP_SECONDS * 1000)
