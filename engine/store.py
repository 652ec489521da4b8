"""Opens the database and hands out its two ways in: a transaction to write, a session to read."""

import contextlib
import re
import sqlite3
import threading
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, Engine, make_url
from sqlmodel import Session

from engine.clock import system_now
from engine.databases import WAKE, Conflict, open_postgres, open_reader, open_sqlite, translated
from models.columns import from_micros
from statemachines.lifecycle import Refused


class Tx:
    """One open transaction: SQL with ``:names``, compiled once for the driver at hand."""

    def __init__(self, raw: Any, postgres: bool) -> None:
        self._raw = raw
        self.postgres = postgres
        self.memory: dict[str, Any] = {}
        """What was read in this transaction and cannot change in it."""
        self.ahead: dict[tuple[str, Any], Any] = {}
        """What was read for a group of moves at once; each answer is taken once: the move that takes it changes it."""
        self.wakes = False
        """Whether the drivers are to be woken when this is committed; to wake them in vain does no harm."""
        self._savepoints = 0
        self._pipeline: Any = None
        self._single: list[Any] = []

    def _execute(self, sql: str, values: Mapping[str, Any]) -> Any:
        return self._raw.execute(_for_postgres(sql) if self.postgres else sql, values)

    def run(self, sql: str, **values: Any) -> int:
        """Execute and say how many rows were touched."""
        done = self._execute(sql, values)
        if self._pipeline is not None:
            self._pipeline.sync()
        return done.rowcount

    def put(self, sql: str, **values: Any) -> None:
        """Execute what nobody asks after: in a pipeline it is on its way while the next is made ready."""
        self._execute(sql, values)

    def put_one(self, sql: str, **values: Any) -> None:
        """Execute what touches one row. Raises ``Conflict`` if it does not, in a pipeline at its end at the latest."""
        done = self._execute(sql, values)
        if self._pipeline is not None:
            self._single.append(done)
        elif done.rowcount != 1:
            raise Conflict

    def put_all(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each of the rows' values."""
        if rows:
            self._raw.cursor().executemany(_for_postgres(sql) if self.postgres else sql, rows)

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
    def pipeline(self) -> Generator[None]:
        """What is put inside does not wait for the answer to what was put before; SQLite never waits.

        Raises what the database refused at the end at the latest; then the transaction is lost.
        """
        if not self.postgres:
            yield
            return
        with self._raw.pipeline() as self._pipeline:
            yield
        self._pipeline, single, self._single = None, self._single, []
        if any(done.rowcount != 1 for done in single):
            raise Conflict

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """What fails inside is undone alone; in a pipeline, what the database itself refuses undoes all of it."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        self._raw.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException as error:
            if self._pipeline is None or not isinstance(error, psycopg.Error):
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
            tx = Tx(raw, self.postgres)
            yield tx
            if tx.wakes and self.postgres:
                raw.execute(WAKE)
            raw.execute("COMMIT")
        except BaseException as error:
            self._undo(raw)
            ours = translated(error)
            if ours is error:
                raise
            raise ours from error
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
                raise translated(error) from error
            return raw
        raise AssertionError("unreachable")

    def _take(self) -> tuple[Any, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        try:
            return (open_postgres(self.url) if self.postgres else open_sqlite(self.url)), False
        except (psycopg.Error, sqlite3.Error) as error:
            raise translated(error) from error

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
            self._reader = open_reader(self.url)
        try:
            with Session(self._reader) as session:
                yield session
        except Exception as error:
            ours = translated(error.__cause__ or error)
            if isinstance(ours, Refused):
                raise ours from error
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
