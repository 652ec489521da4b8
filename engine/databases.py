"""How each database is opened, and its errors translated into ours."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine

from statemachines.lifecycle import Refused

BUSY_SECONDS = 5
CHANNEL = "closeloop"
"""The channel on which a Postgres store notifies that a case has moved."""
WAKE = f"NOTIFY {CHANNEL}"


class Conflict(Exception):
    """Another transaction was faster; the work may be tried again from its first read."""


CONFLICTS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    sqlite3.IntegrityError,
)
"""The databases' own errors for it."""


def sqlite_path(url: URL) -> Path:
    """Return the file of a SQLite store."""
    return Path(url.database or "")


def open_sqlite(url: URL) -> sqlite3.Connection:
    """Open a writer's connection: WAL, every commit synced, transactions begun by us."""
    raw = sqlite3.connect(
        sqlite_path(url), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=10000"):
        raw.execute(f"PRAGMA {pragma}")
    return raw


def postgres_conninfo(url: URL) -> str:
    """Return the address as the driver reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def open_postgres(url: URL) -> psycopg.Connection[Any]:
    """Open a writer's connection: transactions begun by us."""
    return psycopg.connect(postgres_conninfo(url), autocommit=True)


def open_reader(url: URL) -> Engine:
    """Return connections for sessions that see one moment of the store and can change nothing."""
    engine = create_engine(url, pool_pre_ping=True)
    if url.get_backend_name() == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if url.get_backend_name() == "sqlite":

        @event.listens_for(engine, "begin")
        def _(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
            connection.exec_driver_sql("BEGIN")

        @event.listens_for(engine, "connect")
        def _(raw: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            raw.isolation_level = None  # ours is the BEGIN that makes a session one moment of the store
            raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            raw.execute("PRAGMA query_only=ON")

    return engine


def translated(error: BaseException) -> BaseException:
    """Return a database's error as one of ours; any other error is returned as it is."""
    if isinstance(error, CONFLICTS):
        return Conflict()
    if isinstance(error, psycopg.errors.DiskFull) or (isinstance(error, sqlite3.Error) and "full" in str(error)):
        return Refused("disk_full")
    if isinstance(error, sqlite3.OperationalError) and "disk I/O error" in str(error):
        return Refused("disk_failed")
    if isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error)):
        return Refused("busy", seconds=BUSY_SECONDS)
    if isinstance(error, psycopg.OperationalError):
        return Refused("database_away")
    if isinstance(error, sqlite3.OperationalError) and (
        "no such table" in str(error) or "unable to open" in str(error)
    ):
        return Refused("no_store", home="")
    return error
