"""The version of the schema: which one this release needs, which one a store has, and how it gets there.

Note [One transaction]: an upgrade is one transaction on both databases, so one that is killed leaves the store as it
was. Python's driver for SQLite opens no transaction before DDL, so ours is begun by hand.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.databases import BUSY_SECONDS, SQLITE, open_postgres, sqlite_file
from statemachines.refused import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
REVISION = "SELECT version_num FROM alembic_version"
HEAD = "head"
PRIVATE = 0o600


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions of the schema that this release knows, oldest first: each file of a migration names its."""
    return tuple(sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def newest() -> str:
    """Return the revision of the schema that this release needs."""
    return revisions()[-1]


def check_revision(revision: str, home: Path) -> None:
    """Raise ``Refused('schema_older' | 'schema_newer')`` unless a store has the schema that this release needs."""
    if revision == newest():
        return
    code = "schema_older" if revision in revisions() else "schema_newer"
    raise Refused(code, home=str(home), schema=revision, needed=newest())


def revision_of(url: str) -> str | None:
    """Return the revision of a database's schema, or None of one without a store. No SQLite file is created."""
    if not url.startswith(SQLITE):
        return _postgres_revision(url)
    file = sqlite_file(url)
    if not file.exists() or not file.stat().st_size:
        return None
    with contextlib.closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as raw:
        if raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return None
        row = raw.execute(REVISION).fetchone()
        return None if row is None else row[0]


def _postgres_revision(url: str) -> str | None:
    from sqlalchemy.engine import make_url

    with open_postgres(make_url(url)) as raw:
        if raw.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = raw.execute(REVISION).fetchone()
        return None if row is None else row[0]


def migrate(url: str, revision: str = HEAD, then: Callable[[Any, bool], None] | None = None) -> None:
    """Upgrade the schema to ``revision`` in one transaction; the SQLite file is created if there is none.

    ``then`` is called in that transaction with the connection of the driver, and whether it is one to Postgres.
    """
    if url.startswith(SQLITE):
        private_file(sqlite_file(url))
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA journal_mode=WAL")
        with connection.begin():
            upgrade(connection, revision)
            if then is not None:
                then(connection.connection.driver_connection, connection.dialect.name == "postgresql")


def upgrade(connection: "Connection", revision: str = HEAD) -> None:
    """Upgrade the schema to ``revision`` in the transaction of ``connection``."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextlib.contextmanager
def connected(url: str) -> "Generator[Connection]":
    """Connect to a database so that what is begun is one transaction. See Note [One transaction]."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _engine(url: str) -> "Engine":
    from sqlalchemy import create_engine, event

    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _(raw: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            raw.isolation_level = None
            raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")

        @event.listens_for(engine, "begin")
        def _(connection: "Connection") -> None:  # pyright: ignore[reportUnusedFunction]
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def private_file(file: Path) -> None:
    """Create a file for its owner alone, or take an existing one, and SQLite's files beside it, from all others."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    for each in (file, *(file.with_name(file.name + beside) for beside in ("-wal", "-shm", "-journal"))):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_IMODE(each.stat().st_mode) != PRIVATE:
                each.chmod(PRIVATE)
