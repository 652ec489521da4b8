"""A portal over a simulated store: a client of a visitor without an account, and what customers were sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from apps.site import create_site
from engine.settings import Settings
from engine.store import Store
from tests.apps.portal.visitors import Visitor
from tests.apps.web_site import Served, served, site_client

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Iterator[Visitor]:
    """A visitor of the portal, on each database."""
    with site_client(settings, store, None) as client:
        yield Visitor(client, store)


@pytest.fixture
def guest(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[Visitor]:
    """A visitor of a portal over SQLite, for what does not depend on the database."""
    with site_client(sqlite_settings, sqlite_store, None) as client:
        yield Visitor(client, sqlite_store)


@pytest.fixture
def sqlite_console(sqlite_settings: Settings, sqlite_store: Store, chromium: "Browser") -> Iterator[Served]:
    """A site over a store of SQLite, for a browser."""
    with served(create_site(sqlite_settings), sqlite_store, chromium) as site:
        yield site
