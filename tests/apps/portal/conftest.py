"""A portal over a simulated store: a client of a visitor without an account, and what customers were sent."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from engine.settings import Settings
from engine.store import Store
from tests.apps.portal.visitors import Visitor
from tests.apps.web_site import LOOPBACK, site_client


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
def other(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    """The browser of somebody else, over the same store as ``guest``."""
    with site_client(sqlite_settings, sqlite_store, None) as client:
        assert client.base_url == LOOPBACK
        yield client
