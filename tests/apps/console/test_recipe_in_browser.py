"""The step that CONTRIBUTING adds shows up in the console with its form, label and permission, in a browser."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.api.session_cookie import COOKIE
from tests.docs.test_contributing import applied_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.long

SERVE = '''
"""Serves the console of the copy, and says where and with which sessions, until its input ends."""

import json
import socket
import sys
import threading
from pathlib import Path

import uvicorn

import statemachines
from apps.site import create_site
from engine.actors import NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.create_store import create_store
from engine.settings import Settings
from models.contact import Contact
from statemachines.roles import Role
from tests.apps.web_site import session_for
from tests.case_actions import START
from tests.engine.accounts.people_with_accounts import add_accounts

PROJECT = Path(sys.argv[1])
assert Path(statemachines.__file__).is_relative_to(PROJECT), statemachines.__file__
settings = Settings(home=PROJECT / "home-browser", secret="of-the-contributors-trial", locale="en")
create_store(settings, START, simulated_at=START)
store = settings.store()
with store.writing() as tx:
    add_actor(tx, NewActor("sue", (Role.TEAM_SUPERVISOR, Role.QUALITY_TEAM), "claims", locale="en"))
    add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,), None, locale="en"))
    add_actor(tx, NewActor("han", (Role.HANDLER,), "claims", locale="en"))
add_accounts(store, "sue", "quin", "han")
number = open_case(store, Opening(Contact(row_id="1", at=START, text="Hello.")), START).number
advance(store, Command(number, "classify", {"category": "cargo_damage", "department": "claims"}, "sue"), START)
listener = socket.create_server(("127.0.0.1", 0))  # it listens before the address is printed
port = listener.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(create_site(settings), log_level="warning"))
thread = threading.Thread(target=server.run, args=([listener],))
thread.start()
sessions = {handle: session_for(store, handle).cookie for handle in ("sue", "quin", "han")}
print(json.dumps({"url": f"http://127.0.0.1:{port}", "number": number, "sessions": sessions}), flush=True)
sys.stdin.read()
server.should_exit = True
thread.join()
'''


@pytest.fixture
def site(tmp_path: Path) -> Iterator[dict[str, object]]:
    """The console of a copy of the project to which the recipe was applied."""
    project = applied_to(tmp_path / "project")
    script = project / "serve_console.py"
    script.write_text(SERVE, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        [sys.executable, str(script), str(project)],
        cwd=project, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()


@contextmanager
def visit(browser: "Browser", site: dict[str, object], handle: str) -> Iterator["Page"]:
    sessions = site["sessions"]
    assert isinstance(sessions, dict)
    context = browser.new_context(base_url=str(site["url"]), locale="en")
    context.add_cookies([{"name": COOKIE, "value": str(sessions[handle]), "url": str(site["url"])}])
    try:
        yield context.new_page()
    finally:
        context.close()


def test_the_new_step_shows_up_with_its_form_its_label_and_its_permission(chromium: "Browser", site: dict[str, object]):
    from playwright.sync_api import expect

    address = f"/console/cases/{site['number']}"
    with visit(chromium, site, "sue") as sue, visit(chromium, site, "quin") as quin:
        sue.goto(address)
        sue.get_by_role("link", name="Ask an expert").click()
        sue.locator("#field-reason").fill("Was it the packing?")
        sue.get_by_role("button", name="Ask an expert").last.click()
        expect(sue.get_by_text("Expert asked · awaits an opinion").first).to_be_visible()
        sue.locator("summary", has_text="Not now, and why").click()
        expect(sue.locator(".barred")).to_contain_text("Give an opinion")
        expect(sue.locator(".barred")).to_contain_text("you made the move that another person must judge")
        quin.goto(address)
        quin.get_by_role("link", name="Give an opinion").click()
        quin.locator("#field-opinion").fill("It was the packing.")
        quin.locator("#field-fee").fill("-1")
        quin.get_by_role("button", name="Give an opinion").last.click()
        expect(quin.locator("#field-fee-error")).to_be_visible()
        expect(quin.locator("#field-opinion")).to_have_value("It was the packing.")
        quin.locator("#field-fee").fill("20000")
        quin.get_by_role("button", name="Give an opinion").last.click()
        expect(quin.get_by_text("Done.")).to_be_visible()
        expect(quin.get_by_text("It was the packing.")).to_be_visible()
        quin.goto(f"{address}/diagram")
        expect(quin.locator("svg .visited", has_text="Expert asked")).to_be_visible()
