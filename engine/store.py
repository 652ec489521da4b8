"""Opens the database and hands out its two ways in: a transaction to write, a session to read."""

import contextlib
import re
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlmodel import Session

from engine.clock import system_now
from models.columns import from_micros
from statemachines.lifecycle import Refused

BUSY_SECONDS = 5
CHANNEL = "closeloop"
"""Where a Postgres store says that a case has moved."""


class Conflict(Exception):
    """Another transaction was faster; the work may be tried again from its first read."""


class Tx:
    """One open transaction: SQL with ``:names``, compiled once for the driver at hand."""

    def __init__(self, raw: Any, postgres: bool) -> None:
        self._raw = raw
        self.postgres = postgres
        self._savepoints = 0

    def _execute(self, sql: str, values: Mapping[str, Any]) -> Any:
        return self._raw.execute(_for_postgres(sql) if self.postgres else sql, values)

    def run(self, sql: str, **values: Any) -> int:
        """Execute and say how many rows were touched."""
        return self._execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row of values."""
        for values in rows:
            self._execute(sql, values)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """All rows, as named tuples."""
        return self._execute(sql, values).fetchall()

    def row(self, sql: str, **values: Any) -> Any:
        """The first row as a named tuple, or None."""
        return self._execute(sql, values).fetchone()

    def skip_locked(self, rows_of: str) -> str:
        """The clause that claims rows past the ones others hold; SQLite has one writer and needs none."""
        return f"FOR UPDATE OF {rows_of} SKIP LOCKED" if self.postgres else ""

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """What fails inside is undone alone."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        self._raw.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._raw.execute(f"ROLLBACK TO {name}")
            self._raw.execute(f"RELEASE {name}")
            raise
        self._raw.execute(f"RELEASE {name}")


class Store:
    """A database of ours. Writers share a few raw connections; readers get SQLModel sessions."""

    def __init__(self, url: str, home: Path, secret: bytes) -> None:
        self.url: URL = make_url(url)
        self.home = home
        self.secret = secret
        self.postgres = self.url.get_backend_name() == "postgresql"
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._reader: Engine | None = None
        self._simulated: bool | None = None

    @contextlib.contextmanager
    def writing(self) -> Generator[Tx]:
        """A transaction: all of it is durable at the end of the block, or none of it.

        Raises ``Conflict`` where another transaction was faster, ``Refused`` ('busy', 'disk_full',
        'database_away') where the database cannot do it now; in each case nothing was written.
        """
        yield from self._transaction("BEGIN" if self.postgres else "BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def looking(self) -> Generator[Tx]:
        """A transaction that only reads: it sees one moment of the store and holds nobody up."""
        yield from self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.postgres else "BEGIN")

    def _transaction(self, begin: str) -> Generator[Tx]:
        raw = self._begin(begin)
        try:
            yield Tx(raw, self.postgres)
            raw.execute("COMMIT")
        except BaseException as error:
            self._undo(raw)
            translated = _translated(error)
            if translated is error:
                raise
            raise translated from error
        self._give_back(raw)

    def _begin(self, begin: str) -> Any:
        for attempt in (1, 2):
            raw, used = self._take()
            try:
                raw.execute(begin)
            except (psycopg.Error, sqlite3.Error) as error:
                raw.close()
                if used and attempt == 1 and self.postgres:
                    self._drop_idle()  # no idle connection survives a restart of the database
                    continue
                raise _translated(error) from error
            return raw
        raise AssertionError("unreachable")

    def _take(self) -> tuple[Any, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        try:
            return (_open_postgres(self.url) if self.postgres else _open_sqlite(self.url)), False
        except (psycopg.Error, sqlite3.Error) as error:
            raise _translated(error) from error

    def _give_back(self, raw: Any) -> None:
        with self._lock:
            self._idle.append(raw)

    def _undo(self, raw: Any) -> None:
        try:
            raw.execute("ROLLBACK")
        except (psycopg.Error, sqlite3.Error):
            raw.close()
            return
        self._give_back(raw)

    @contextlib.contextmanager
    def reading(self) -> Generator[Session]:
        """A session that sees one moment of the store and can change nothing."""
        if self._reader is None:
            self._reader = _reader(self.url)
        try:
            with Session(self._reader) as session:
                yield session
        except Exception as error:
            translated = _translated(error.__cause__ or error)
            if isinstance(translated, Refused):
                raise translated from error
            raise

    @property
    def simulated(self) -> bool:
        """Whether the store's clock stands in a row."""
        if self._simulated is None:
            self._simulated = self._house_clock() is not None
        return self._simulated

    def now(self) -> datetime:
        """The store's time: asked once by each door, for each command, and passed down (law 4)."""
        if not self.simulated:
            return system_now()
        clock = self._house_clock()
        assert clock is not None
        return from_micros(clock)

    def _house_clock(self) -> int | None:
        with self.looking() as tx:
            row = tx.row("SELECT clock FROM house WHERE id = 1")
        if row is None:
            raise Refused("no_store", home=str(self.home))
        return row.clock

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for raw in idle:
            raw.close()

    def close(self) -> None:
        """Let go of every idle connection."""
        self._drop_idle()
        if self._reader is not None:
            self._reader.dispose()
            self._reader = None


@lru_cache(maxsize=512)
def _for_postgres(sql: str) -> str:
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite store."""
    return Path(url.database or "")


def _open_sqlite(url: URL) -> sqlite3.Connection:
    raw = sqlite3.connect(
        sqlite_path(url), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    raw.row_factory = _named
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=10000"):
        raw.execute(f"PRAGMA {pragma}")
    return raw


def postgres_conninfo(url: URL) -> str:
    """The address as the driver reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _open_postgres(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(postgres_conninfo(url), autocommit=True, row_factory=namedtuple_row)


def _named(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Any:
    return _row_type(tuple(column[0] for column in cursor.description))._make(row)


@lru_cache(maxsize=512)
def _row_type(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns, rename=True)  # pyright: ignore[reportUntypedNamedTuple]


def _reader(url: URL) -> Engine:
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


def _translated(error: BaseException) -> BaseException:
    """The database's own words as ours; anything else stays what it is."""
    if isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        return Conflict()
    if isinstance(error, (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        return Conflict()
    if isinstance(error, psycopg.errors.DiskFull) or (isinstance(error, sqlite3.Error) and "full" in str(error)):
        return Refused("disk_full")
    if isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error)):
        return Refused("busy", seconds=BUSY_SECONDS)
    if isinstance(error, psycopg.OperationalError):
        return Refused("database_away")
    if isinstance(error, sqlite3.OperationalError) and (
        "no such table" in str(error) or "unable to open" in str(error)
    ):
        return Refused("no_store", home="")
    return error
