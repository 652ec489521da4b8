"""In a real browser nothing that a stranger wrote runs, wherever it came from: forms, files, a log, the house's lists.

The text sets a variable of the window, or opens a dialog, if any page takes it for markup or for a script.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from apps.site import create_site
from engine.accounts.customer_keys import link_of
from engine.accounts.oidc_links import Identity, link
from engine.accounts.tokens import NewToken, create_token
from engine.actors import NewActor, add_actor
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.apps.console.test_console_for_everybody import pages
from tests.apps.test_customers_of_a_log import HEADER, MAPPING
from tests.apps.test_page_access import MORE
from tests.apps.web_site import Served, served
from tests.case_actions import AGENT, AUDITOR, MANAGER, START, execute_sql, make_move, new_case, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, RULES, add_accounts
from tests.engine.attachments.evidence import attach_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.long, pytest.mark.requirement("H3")]

STRIKE = '"><img src=x onerror=struck=1></textarea><script>struck=1;alert(1)</script>'
"""Short enough for a handle."""
ATTRIBUTE = "' onmouseover='struck=1' autofocus onfocus='struck=1' x='"
STREAMED = '{{7*7}}</script><svg/onload=struck=1><a href="javascript:struck=1">'
TEXT = "\n".join([STRIKE, ATTRIBUTE, STREAMED])
PARAMETERS = (
    "text",
    "name",
    "number",
    "case",
    "by",
    "owner",
    "done",
    "to",
    "next",
    "move",
    "state",
    "cursor",
    "notice",
)
NAME_OF_LOG = "shop"


@pytest.fixture
def site(
    sqlite_settings: Settings, simulated: Store, closeloop: Closeloop, tmp_path: Path, chromium: "Browser"
) -> Iterator[Served]:
    """A site over a store whose every text was written by an attacker, also the names in an imported log."""
    store = simulated
    (tmp_path / f"{NAME_OF_LOG}.toml").write_text(MAPPING.format(name=NAME_OF_LOG), "utf-8")
    row = '"O-1{0}","c{0}","{0}",13800138000,2026-01-01 09:00,2026-01-01 10:00'.format(STRIKE.replace('"', '""'))
    (tmp_path / f"{NAME_OF_LOG}.csv").write_text(f"{HEADER}\n{row}\n", "utf-8")
    assert closeloop.json("replay", tmp_path / f"{NAME_OF_LOG}.csv")["refused"] == 0
    with store.writing() as tx:
        add_actor(tx, NewActor(STRIKE, (Role.HANDLER,), "claims", email="handler@example.com"))
    add_accounts(store, AGENT, AUDITOR, MANAGER)
    link(store, AGENT, Identity("https://id.example.com", STRIKE[:200]), ADMIN, START)
    create_token(store, NewToken(AGENT, STRIKE[:90]), ADMIN, START)
    number = new_case(store, text=TEXT, subject=STRIKE, demand=TEXT, customer=STRIKE, email="wang@example.com")
    make_move(store, number, "classify")
    make_move(store, number, "assign", department="claims", owner=STRIKE)
    make_move(store, number, "note", note=TEXT)
    [file] = attach_files(store, number, (f"{ATTRIBUTE}.txt", b"x"))
    make_move(store, number, "reply", message=TEXT, attachments=file.id)
    with served(create_site(sqlite_settings, RULES.hashes), store, chromium) as opened:
        yield opened


def visit(page: "Page", paths: list[str]) -> dict[str, object]:
    """Open each page; return those on which something of a stranger's ran."""
    dialogs, ran = list[str](), dict[str, object]()

    def dismissed(dialog: object) -> None:
        dialogs.append(page.url)
        dialog.dismiss()  # pyright: ignore[reportAttributeAccessIssue]

    page.on("dialog", dismissed)
    for path in paths:
        page.goto(path)
        for element in page.locator("[onmouseover], [onfocus], [onload], [onerror]").all():
            ran[f"{path}: attribute"] = element.evaluate("each => each.outerHTML.slice(0, 200)")
        if page.evaluate("window.struck !== undefined"):
            ran[path] = "a script of a stranger ran"
        if page.locator("a[href^='javascript:'], img[src='x']").count():
            ran[f"{path}: markup"] = "a stranger's element"
    return ran | dict.fromkeys(dialogs, "a dialog")


def numbers_in(store: Store) -> list[str]:
    return [row["number"] for row in query_rows(store, "SELECT number FROM cases ORDER BY id")]


@pytest.mark.parametrize("handle", [MANAGER, AUDITOR, ADMIN])
def test_no_page_of_the_console_runs_what_a_stranger_wrote(site: Served, handle: str):
    imported, written = numbers_in(site.store)
    given = {**MORE, "handle": quote(STRIKE, safe="")}
    paths = [f"/console{path.format(number=written, **given)}" for path in pages()]
    paths += [f"/console/cases/{imported}", f"/console/cases?text={quote(STRIKE)}", "/console/people"]
    with site.person(handle, "en", user_agent=f"Mozilla/5.0 {STRIKE}") as page:
        assert visit(page, paths) == {}
        if handle == MANAGER:
            page.goto(f"/console/cases/{imported}")
            assert "onerror=struck=1" in page.locator("main").inner_text(), "the name in the log is read as text"


def test_no_page_of_the_portal_runs_what_a_stranger_wrote(site: Served):
    store = site.store
    number = numbers_in(store)[-1]
    execute_sql(store, "UPDATE cases SET state = 'resolved' WHERE number = :number", number=number)
    with site.person(None, "en") as page:
        page.goto(f"/portal/link/{link_of(store.secret, number, 'wang@example.com', START)}")
        assert "onerror=struck=1" in page.locator("main").inner_text()
        query = "&".join(f"{name}={quote(STRIKE)}" for name in PARAMETERS)
        forms = [
            f"/portal{path}?{query}" for path in ("/", "/contact", "/rate", "/status", "/track", "/report", "/case")
        ]
        assert visit(page, [*forms, f"/portal/link/{quote(STRIKE, safe='')}", f"/portal/{quote(STRIKE)}"]) == {}


def test_no_address_makes_a_page_run_what_stands_in_it(site: Served):
    query = "&".join(f"{name}={quote(STRIKE)}" for name in PARAMETERS)
    with site.person(None, "en") as page:
        paths = [f"/console{path}?{query}" for path in ("/login", "/invitation", "/cases", f"/{quote(STRIKE)}")]
        assert visit(page, [*paths, f"/console/cases/{quote(STRIKE, safe='')}"]) == {}
    with site.person(MANAGER, "en") as page:
        assert visit(page, [f"/console{path}?{query}" for path in ("/cases", "/board", "/bulk", "/report")]) == {}
