"""Serves the site of console, portal and API over a simulated store, for browsers and for clients in this process."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from apps.api.session_cookie import COOKIE
from apps.prefect_server import free_port
from apps.site import create_site
from engine.accounts.sessions import NewSession, SessionLimits, Visitor, csrf_token, open_session
from engine.actors import known_actor
from engine.settings import Settings
from engine.store import Store
from tests.apps.api.serving import until
from tests.engine.accounts.people_with_accounts import RULES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOOPBACK = "http://127.0.0.1:4280"
HERE = ("127.0.0.1", 50000)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "console"
KEEP_SCREENSHOTS = "KEEP_SCREENSHOTS"
"""Where this variable of the environment is set, the screenshots of the tests are written into the documentation."""
LANGUAGE_TAGS = {"zh_CN": "zh-CN", "zh_TW": "zh-TW", "en": "en"}


def session_for(store: Store, handle: str, at: datetime | None = None) -> NewSession:
    """Open a session with everything that the role needs; the person must have an account."""
    with store.writing() as tx:
        actor = known_actor(tx, handle)
        return open_session(
            tx, store.secret, actor, Visitor(), SessionLimits(), at or store.now(), second_factor=True
        )  # fmt: skip


@contextmanager
def site_client(settings: Settings, store: Store, handle: str | None, locale: str = "en") -> Iterator[TestClient]:
    """Return a client in this process; as somebody who is logged in, with the token of his forms in ``csrf``."""
    headers = {"Accept-Language": LANGUAGE_TAGS[locale]}
    site = create_site(settings, RULES.hashes)
    with TestClient(site, LOOPBACK, headers=headers, follow_redirects=False, client=HERE) as client:
        if handle is not None:
            log_in(client, store, handle)
        yield client


def log_in(client: TestClient, store: Store, handle: str) -> str:
    """Give a client the session of somebody; return the token that his forms carry."""
    session = session_for(store, handle)
    client.cookies.set(COOKIE, session.cookie)
    return csrf_token(store.secret, session.cookie)


def answers_to(settings: Settings, store: Store, visits: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the status with which each address is answered to the person beside it."""
    answers = dict[tuple[str, str], int]()
    with site_client(settings, store, None) as client:
        for path, handle in visits:
            log_in(client, store, handle)
            answers[path, handle] = client.get(path).status_code
    return answers


@dataclass(frozen=True, slots=True)
class Served:
    """A site that listens on a port, and the browser that visits it."""

    url: str
    store: Store
    browser: "Browser"

    @contextmanager
    def person(self, handle: str | None, locale: str = "en", **context: object) -> Iterator["Page"]:
        """Open a page of a browser of its own, in which the person is logged in; fail at any error of a script."""
        options = {"viewport": {"width": 1280, "height": 800}, "locale": LANGUAGE_TAGS[locale]} | context
        opened = self.browser.new_context(base_url=self.url, **options)  # pyright: ignore[reportArgumentType]
        if handle is not None:
            session = session_for(self.store, handle)
            opened.add_cookies([{"name": COOKIE, "value": session.cookie, "url": self.url, "httpOnly": True}])
        page, faults = opened.new_page(), list[str]()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        try:
            yield page
        finally:
            opened.close()
        assert faults == []


@contextmanager
def served(app: Starlette, store: Store, browser: "Browser") -> Iterator[Served]:
    """Serve a site from a thread of this process."""
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="site")
    thread.start()
    until(lambda: server.started)
    try:
        yield Served(f"http://127.0.0.1:{port}", store, browser)
    finally:
        server.should_exit = True
        thread.join(20)


def picture(page: "Page", name: str, locale: str) -> None:
    """Take a screenshot of the whole page; keep it as ``docs/console/NAME.LOCALE.jpg`` where this is wanted."""
    wanted = KEEP_SCREENSHOTS in os.environ
    path = SCREENSHOTS / f"{name}.{locale}.jpg" if wanted else None
    page.screenshot(path=path, full_page=True, type="jpeg", quality=60)


def check_accessible(page: "Page") -> None:
    """Fail where axe-core finds that somebody cannot read or work the page (WCAG 2.2 AA)."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    places = {each["id"]: [node["html"][:200] for node in each["nodes"]] for each in found}
    assert places == {}, json.dumps(places, indent=1, ensure_ascii=False)
