"""Tell whether a store is in use: whoever has it open shares a lock, and an upgrade or a restore holds it alone.

SQLite: ``flock`` on a file beside the database, never on the database itself, whose POSIX locks would be lost with it.
Postgres: an advisory lock of each session. Both end with their process, so a killed one leaves nothing behind.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from engine.databases import BUSY_SECONDS, SQLITE, open_postgres, sqlite_file
from statemachines.refused import Refused

KEY = 0x636C6F736C6F6F70
"""The key of the advisory lock: the letters "closloop"."""
SHARE = f"SELECT pg_try_advisory_lock_shared({KEY})"
POLL_SECONDS = 0.05
UNWRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def lock_file(database: Path) -> Path:
    """Return the file that is locked for a SQLite store."""
    return database.with_name(f"{database.name}.lock")


def share_file(database: Path) -> int | None:
    """Share the lock of a SQLite store until the descriptor is closed; None where nobody may write there.

    Raises ``Refused('store_upgrading')`` while another process holds it alone.
    """
    try:
        lock = os.open(lock_file(database), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno in UNWRITABLE:
            return None
        raise
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused("store_upgrading") from None
    return lock


def share_session(raw: Any) -> None:
    """Share the lock of a Postgres store as long as the session lasts. Raises ``Refused('store_upgrading')``."""
    if raw.execute(SHARE).fetchone() != (True,):
        raise Refused("store_upgrading")


@contextlib.contextmanager
def held_alone(url: str, seconds: float | None = None) -> Generator[None]:
    """Hold the lock of a store alone. Raises ``Refused('store_in_use')`` if others still have it after ``seconds``.

    By default it waits as long as for a busy database.
    """
    seconds = BUSY_SECONDS if seconds is None else seconds
    with _file_alone(sqlite_file(url), seconds) if url.startswith(SQLITE) else _session_alone(url, seconds):
        yield


@contextlib.contextmanager
def _file_alone(database: Path, seconds: float) -> Generator[None]:
    lock = os.open(lock_file(database), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        polls = int(seconds / POLL_SECONDS)
        while not _locked(lock):
            if not polls:
                raise Refused("store_in_use")
            polls -= 1
            time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _session_alone(url: str, seconds: float) -> Generator[None]:
    from psycopg import OperationalError, errors
    from sqlalchemy.engine import make_url

    with open_postgres(make_url(url)) as raw:
        raw.execute("SELECT set_config('lock_timeout', %s, false)", (f"{max(1, int(seconds * 1000))}ms",))
        try:
            raw.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        except errors.LockNotAvailable:
            raise Refused("store_in_use") from None
        try:
            yield
        finally:
            with contextlib.suppress(OperationalError):  # the session has ended, and the lock with it
                raw.execute("SELECT pg_advisory_unlock(%s)", (KEY,))  # the server notices a closed session only later
