"""The first administrator of a new house: from the link that `closeloop up` prints to a sandbox of sixty contacts."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyotp.totp import TOTP

from apps.site import create_site
from engine.accounts.invitations import first_invitation
from engine.clock import system_now
from engine.create_store import create_store
from engine.settings import Settings
from tests.apps.web_site import Served, check_accessible, picture, served
from tests.case_actions import SECRET
from tests.engine.accounts.people_with_accounts import PASSWORD, RULES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.requirement("H3")


@pytest.fixture
def new_house(tmp_path: Path, chromium: "Browser") -> Iterator[Served]:
    """A site over a store in which there is nobody yet."""
    settings = Settings(home=tmp_path / "home", secret=SECRET)
    create_store(settings, system_now())
    with (
        contextlib.closing(settings.store()) as store,
        served(create_site(settings, RULES.hashes), store, chromium) as site,
    ):
        yield site


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_first_administrator_comes_in_by_the_link_and_loads_the_sandbox(new_house: Served, locale: str):
    first = first_invitation(new_house.store, new_house.store.now())
    assert first is not None
    with new_house.person(None, locale) as page:
        page.goto(f"/login/invitation#{first.code}")
        page.fill("#password", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("button.main")
        page.fill("#handle", "admin")
        page.fill("#password", PASSWORD)
        page.click("button.main")
        page.get_by_role("heading", level=1).wait_for()
        page.click("button.main")
        page.locator("img[src^='data:']").wait_for()
        page.fill("#code", TOTP(page.locator("kbd").inner_text()).at(new_house.store.now()))
        page.click("button.main")
        page.locator("ul kbd").first.wait_for()
        page.click("a.button")
        page.goto("/console/admin")
        check_accessible(page)
        picture(page, "first-start", locale)
        page.locator("form[action='/console/sandbox'] button").click()
        page.locator(".notice.good").wait_for()
        assert page.locator(".notice.warn").inner_text(), "the sandbox is marked"
        assert page.locator("form[action='/console/sandbox']").count() == 0
        check_accessible(page)
        picture(page, "sandbox", locale)
        page.goto("/console/people/li.na")
        assert page.locator(".notice.warn").inner_text()
    with new_house.store.looking() as tx:
        assert tx.row("SELECT count(*) AS n FROM arrival").n == 60
