"""Open each database, and translate its errors into ours.

Note [Imported when used]: importing psycopg takes a command as long as its own work, SQLAlchemy twice as long. So
psycopg is imported where a Postgres store is opened, and SQLAlchemy where a session is: the engine's own SQL on SQLite
needs neither.

Note [Few rows by their keys]: a move updates few rows, which a JSON parameter names. Postgres expects 100, and in a
table of ten thousand it then scans the table, which doubled the time of a lone move. With the page cost of a disk
without moving parts it takes the index.
"""

import errno
import ipaddress
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statemachines.lifecycle import Refused

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.engine import URL, Connection, Engine

BUSY_SECONDS = 5
PRIMARY = 0xFF
"""The bits of SQLite's extended error codes that are the code itself."""
ROOM = 128 * 1024
"""The free bytes below which a failure of SQLite means a full disk: opening a store takes four blocks of 32 KB."""
CHANNEL = "closeloop"
"""The channel on which a Postgres store notifies that a case has moved."""
WAKE = f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}; COMMIT"
"""Notify that a case has moved. The commit waits for no disk: a database that crashes has no listeners either."""


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
        f"{file.absolute().as_uri()}?mode=rw",  # a store that is not there is not created
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
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


def plain_host(raw: "psycopg.Connection[Any]") -> str | None:
    """Return the host of another machine with which the connection is not encrypted; None for any other connection."""
    host = raw.info.hostaddr or raw.info.host
    if raw.pgconn.ssl_in_use or not host or host.startswith("/"):  # a socket is on this machine
        return None
    try:
        return None if ipaddress.ip_address(host).is_loopback else raw.info.host
    except ValueError:
        return None if host == "localhost" else host


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


def translated(error: BaseException, place: Path | None = None) -> BaseException:
    """Return an error of a database or of the disk as one of ours; any other error is returned as it is.

    ``place`` is the file or folder that was used. SQLite has one code for a file that it cannot open and one for a
    failed write, whatever the reason; so the place says whether there is no room, or nobody may write.
    """
    error = getattr(error, "orig", None) or error  # what SQLAlchemy wraps
    if overtaken(error) or _twice(error):
        return error if isinstance(error, Conflict) else Conflict()
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place) or error
    if isinstance(error, OSError):
        return _of_disk(error, place) or error
    if PSYCOPG not in sys.modules:
        return error
    from psycopg import DataError, errors

    if isinstance(error, errors.DiskFull):
        return Refused("disk_full")
    if isinstance(error, errors.UndefinedTable):
        return Refused("no_store", home="")
    if isinstance(error, DataError):  # a NUL in a text, a number beyond its column
        return Refused("unstorable_value")
    return Refused("database_away") if connection_lost(error) else error


def _of_sqlite(error: sqlite3.Error, place: Path | None) -> Refused | None:
    text, code = str(error), getattr(error, "sqlite_errorcode", 0) & PRIMARY
    if code == sqlite3.SQLITE_FULL or "full" in text:
        return Refused("disk_full")
    if code == sqlite3.SQLITE_BUSY or "locked" in text or "busy" in text:
        return Refused("busy", seconds=BUSY_SECONDS)
    if code == sqlite3.SQLITE_READONLY and place is not None:
        return _why_unwritable(place)
    failed, unopened = "disk I/O error" in text, "unable to open" in text
    if failed or unopened:
        if place is not None and (failed or place.exists()) and (why := _why_unwritable(place)):
            return why
        return Refused("disk_failed") if failed else Refused("no_store", home="")
    return Refused("no_store", home="") if "no such table" in text else None


def _of_disk(error: OSError, place: Path | None) -> Refused | None:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Refused("disk_full")
    if error.errno == errno.EROFS or (place is not None and error.errno in {errno.EACCES, errno.EPERM}):
        return Refused("read_only", place=str(error.filename or place or ""))
    return None


def _why_unwritable(place: Path) -> Refused | None:
    """Return why nothing can be written at a place, or None if something can."""
    folder = place if place.is_dir() else place.parent
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY or not os.access(folder, os.W_OK) or not os.access(place, os.W_OK):
        return Refused("read_only", place=str(place))
    return Refused("disk_full") if disk.f_bavail * disk.f_frsize < ROOM else None
