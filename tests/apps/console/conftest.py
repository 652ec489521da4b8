"""A console over a simulated store in which everybody of the staff has an account, and a browser to visit it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from apps.site import create_site
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, served
from tests.case_actions import STAFF
from tests.engine.accounts.people_with_accounts import RULES, add_accounts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HANDLES = tuple(person.handle for person in STAFF)


@pytest.fixture
def console(settings: Settings, store: Store, chromium: "Browser") -> Iterator[Served]:
    """A site over the store of ``settings``, on each database."""
    add_accounts(store, *HANDLES)
    with served(create_site(settings, RULES.hashes), store, chromium) as site:
        yield site


@pytest.fixture
def sqlite_console(sqlite_settings: Settings, sqlite_store: Store, chromium: "Browser") -> Iterator[Served]:
    """A site over a store of SQLite, for what does not depend on the database."""
    add_accounts(sqlite_store, *HANDLES)
    with served(create_site(sqlite_settings, RULES.hashes), sqlite_store, chromium) as site:
        yield site
