"""Open each database, and translate its errors into ours.

Note [Imported when used]: importing psycopg takes a command as long as its own work, SQLAlchemy twice as long. So
psycopg is imported where a Postgres store is opened, and SQLAlchemy where a session is: the engine's own SQL on SQLite
needs neither.

Note [Few rows by their keys]: a move updates few rows, which a JSON parameter names. Postgres expects 100, and in a
table of ten thousand it then scans the table, which doubled the time of a lone move. With the page cost of a disk
without moving parts it takes the index.
"""

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statemachines.lifecycle import Refused

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.engine import URL, Connection, Engine

BUSY_SECONDS = 5
CHANNEL = "closeloop"
"""The channel on which a Postgres store notifies that a case has moved."""
WAKE = f"NOTIFY {CHANNEL}"


class Conflict(Exception):
    """Another transaction was faster; the work may be tried again from its first read."""


SQLITE, PSYCOPG = "sqlite:///", "psycopg"


def sqlite_file(url: str) -> Path:
    """Return the file that the address of a SQLite store names."""
    return Path(url.removeprefix(SQLITE).partition("?")[0])


def open_sqlite(file: Path, *, synced: bool = True) -> sqlite3.Connection:
    """Open a writer's connection: WAL, transactions begun by us, every commit durable unless not ``synced``.

    Without it a power failure may undo the last commits, whole and in order; a killed process loses nothing.
    """
    raw = sqlite3.connect(
        file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    synchronous = "FULL" if synced else "NORMAL"
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", "wal_autocheckpoint=10000"):
        raw.execute(f"PRAGMA {pragma}")
    return raw


def postgres_conninfo(url: "URL") -> str:
    """Return the address as the driver reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def open_postgres(url: "URL") -> "psycopg.Connection[Any]":
    """Open a writer's connection: transactions begun by us."""
    import psycopg  # see Note [Imported when used]

    raw = psycopg.connect(postgres_conninfo(url), autocommit=True)
    raw.execute("SET random_page_cost = 1.1")  # see Note [Few rows by their keys]
    return raw


def open_reader(url: "URL") -> "Engine":
    """Return connections for sessions that see one moment of the store and can change nothing."""
    from sqlalchemy import create_engine, event  # see Note [Imported when used]

    engine = create_engine(url, pool_pre_ping=True)
    if url.get_backend_name() == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if url.get_backend_name() == "sqlite":

        @event.listens_for(engine, "begin")
        def _(connection: "Connection") -> None:  # pyright: ignore[reportUnusedFunction]
            connection.exec_driver_sql("BEGIN")

        @event.listens_for(engine, "connect")
        def _(raw: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            raw.isolation_level = None  # ours is the BEGIN that makes a session one moment of the store
            raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            raw.execute("PRAGMA query_only=ON")

    return engine


def overtaken(error: BaseException) -> bool:
    """Return whether another transaction was faster, so that what failed may be tried again as it is."""
    if isinstance(error, Conflict):
        return True
    if PSYCOPG not in sys.modules:  # then it raised nothing
        return False
    from psycopg import errors

    return isinstance(error, errors.SerializationFailure | errors.DeadlockDetected)


def _twice(error: BaseException) -> bool:
    """Return whether a row is there already."""
    if isinstance(error, sqlite3.IntegrityError):
        return True
    if PSYCOPG not in sys.modules:
        return False
    from psycopg import errors

    return isinstance(error, errors.UniqueViolation)


def database_error(error: BaseException) -> bool:
    """Return whether psycopg raised the error."""
    if PSYCOPG not in sys.modules:
        return False
    import psycopg

    return isinstance(error, psycopg.Error)


def connection_lost(error: BaseException) -> bool:
    """Return whether Postgres could not be reached, or ended the connection."""
    if PSYCOPG not in sys.modules:
        return False
    import psycopg

    return isinstance(error, psycopg.OperationalError)


def translated(error: BaseException) -> BaseException:
    """Return a database's error as one of ours; any other error is returned as it is."""
    if overtaken(error) or _twice(error):
        return error if isinstance(error, Conflict) else Conflict()
    if _disk_full(error):
        return Refused("disk_full")
    if isinstance(error, sqlite3.OperationalError) and "disk I/O error" in str(error):
        return Refused("disk_failed")
    if isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error)):
        return Refused("busy", seconds=BUSY_SECONDS)
    if connection_lost(error):
        return Refused("database_away")
    if isinstance(error, sqlite3.OperationalError) and (
        "no such table" in str(error) or "unable to open" in str(error)
    ):
        return Refused("no_store", home="")
    if _unstorable(error):
        return Refused("unstorable_value")
    return error


def _unstorable(error: BaseException) -> bool:
    """Return whether psycopg or Postgres cannot take a value: a NUL in a text, a number beyond its column."""
    if PSYCOPG not in sys.modules:
        return False
    from psycopg import DataError

    return isinstance(error, DataError)


def _disk_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return "full" in str(error)
    if PSYCOPG not in sys.modules:
        return False
    from psycopg import errors

    return isinstance(error, errors.DiskFull)
