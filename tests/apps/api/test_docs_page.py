"""The page that documents the API, in a real Chromium: it works under its policy and asks nobody outside."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.apps.api.serving import Serving, served_store, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = "/usr/bin/chromium"
pytestmark = [pytest.mark.long, pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is not installed")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(*served_store(tmp_path_factory.mktemp("docs"), None)) as running:
        yield running


@pytest.fixture
def page() -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_the_page_shows_every_route_and_breaks_no_rule_of_its_policy(served: Serving, page: "Page"):
    from playwright.sync_api import expect

    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(f"{served.url}/api/v1/docs")
    assert answer is not None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    expect(page.locator("#operations-cases-open_case")).to_be_visible(timeout=30_000)
    expect(page.locator("#operations-moves-make_move")).to_be_visible()
    assert complaints == []
    assert [url for url in asked if not url.startswith((served.url, "data:"))] == []


def test_a_script_that_somebody_slips_in_does_not_run(served: Serving, page: "Page"):
    page.goto(f"{served.url}/api/v1/docs")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.slippedIn = true";
        document.body.append(script);
    }""")
    assert page.evaluate("window.slippedIn") is None
