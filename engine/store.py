"""Opens the database and hands out its two ways in: a transaction to write, a session to read."""

import contextlib
import re
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import psycopg
from sqlalchemy.engine import URL, Engine, make_url
from sqlmodel import Session

from engine.clock import system_now
from engine.databases import WAKE, Conflict, open_postgres, open_reader, open_sqlite, translated
from engine.sheaf import Sheaf, write_all, write_postgres, write_sqlite
from models.columns import from_micros
from statemachines.lifecycle import Refused


@dataclass(slots=True)
class _Savepoint:
    """How much was kept when it was asked for, and its name once the database had to be told of it."""

    mark: dict[str, int]
    name: str = ""


class Tx:
    """One open transaction: SQL with ``:names``, compiled once for the driver at hand."""

    def __init__(self, raw: Any, postgres: bool, lasting: dict[str, Any], begin: str = "") -> None:
        self._raw = raw
        self.postgres = postgres
        self.memory: dict[str, Any] = {}
        """What was read in this transaction and cannot change in it."""
        self.lasting = lasting
        """What was read from this store and can never change."""
        self.ahead: dict[tuple[str, Any], Any] = {}
        """What was read for a group of moves at once; each answer is taken once: the move that takes it changes it."""
        self.wakes = False
        """Whether the drivers are to be woken when this is committed; to wake them in vain does no harm."""
        self.wrote = False
        """Whether anything was sent to be written."""
        self._begin = begin
        self._sheaf = Sheaf()
        self._savepoints: list[_Savepoint] = []
        self._named = 0

    @property
    def hopeful(self) -> bool:
        """Whether nothing is held yet that was read."""
        return bool(self._begin)

    @property
    def nested(self) -> bool:
        """Whether a savepoint is open."""
        return bool(self._savepoints)

    def put(self, sql: str, **values: Any) -> None:
        """Write what nobody asks after: it is kept back until somebody reads, or the transaction ends.

        An UPDATE changes the one row of its ``id``. Raises ``Conflict`` if it was changed by somebody else, at the end
        at the latest.
        """
        if not self._sheaf.add(sql, values):
            self._settle()
            added = self._sheaf.add(sql, values)
            assert added, "nothing is kept any more"

    def run(self, sql: str, **values: Any) -> int:
        """Execute and say how many rows were touched."""
        self._settle()
        self._begun()
        return self._execute(sql, values).rowcount

    def put_all(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each of the rows' values; an UPDATE or DELETE names its table at each column it looks at."""
        if rows:
            self._settle()
            self._begun()
            self._name_savepoints()
            if self.postgres:
                write_all(self._raw, sql, rows)
            else:
                self._raw.executemany(sql, rows)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """All rows, as named tuples."""
        self._settle()
        return self._told(sql, self._execute(sql, values))

    def row(self, sql: str, **values: Any) -> Any:
        """The first row as a named tuple, or None."""
        self._settle()
        return next(iter(self._told(sql, self._execute(sql, values))), None)

    def rows_among(self, sql: str, **values: Any) -> list[Any]:
        """All rows whose column is among the values of a list: ``= ANY(:names)``, on SQLite, too."""
        if self.postgres:
            return self.rows(sql, **values)
        lists = {name: orjson.dumps(value).decode() for name, value in values.items() if isinstance(value, list)}
        return self.rows(_for_sqlite(sql), **values | lists)

    def skip_locked(self, rows_of: str) -> str:
        """The clause that claims rows past the ones others hold; SQLite has one writer and needs none."""
        return f"FOR UPDATE OF {rows_of} SKIP LOCKED" if self.postgres else ""

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """What fails inside is undone alone. The database hears of it only if it has to do something meanwhile."""
        here = _Savepoint(self._sheaf.mark())
        self._savepoints.append(here)
        try:
            yield
            if here.name:
                self._settle()
        except BaseException:
            self._savepoints.pop()
            self._sheaf.cut({} if here.name else here.mark)
            if here.name:
                self._raw.execute(f"ROLLBACK TO {here.name}")
                self._raw.execute(f"RELEASE {here.name}")
            raise
        self._savepoints.pop()
        if here.name:
            self._raw.execute(f"RELEASE {here.name}")

    def finish(self) -> None:
        """Write what is kept, and end the transaction: all of it is durable, or none of it."""
        if self._begin:  # nothing was written yet, so this one statement is the whole transaction
            if self._sheaf:
                self._write(self._sheaf.take(), self.wakes)
            return
        wakes = self.wakes and self.postgres
        if self._sheaf:
            self._write(self._sheaf.take(), wakes)
        elif wakes:
            self._raw.execute(WAKE)
        self._raw.execute("COMMIT")

    def _execute(self, sql: str, values: Mapping[str, Any]) -> Any:
        if self._savepoints and not self._savepoints[-1].name:
            self._name_savepoints()
        return self._raw.execute(_for_postgres(sql) if self.postgres else sql, values)

    def _told(self, sql: str, done: Any) -> list[Any]:
        known = (sql, self.postgres)
        if (row_type := _ROW_TYPES.get(known)) is None:
            names = [column[0] for column in done.description]
            row_type = _ROW_TYPES[known] = namedtuple("Row", names, rename=True)  # pyright: ignore[reportUntypedNamedTuple]
        return list(map(row_type._make, done.fetchall()))

    def _begun(self) -> None:
        self.wrote = True
        if self._begin:
            self._raw.execute(self._begin)
            self._begin = ""

    def _settle(self) -> None:
        """Write what is kept, so that whoever reads finds it."""
        if self._sheaf:
            self._begun()
            self._name_savepoints()
            if self._sheaf:  # what was kept may all have been put before the savepoints
                self._write(self._sheaf.take(), False)

    def _name_savepoints(self) -> None:
        """Tell the database of the savepoints that it does not know yet; what was kept before them goes before them."""
        gone: dict[str, int] = {}
        for one in self._savepoints:
            if one.name:
                continue
            self._begun()
            before = self._sheaf.take({sql: kept - gone.get(sql, 0) for sql, kept in one.mark.items()})
            if before:
                self._write(before, False)
            gone = one.mark
            self._named += 1
            one.name = f"s{self._named}"
            self._raw.execute(f"SAVEPOINT {one.name}")

    def _write(self, rows: Mapping[str, Sequence[Mapping[str, Any]]], wakes: bool) -> None:
        self.wrote = True
        if self.postgres:
            write_postgres(self._raw, rows, wakes)
        else:
            write_sqlite(self._raw, rows)


class Store:
    """A database of ours. Writers share a few raw connections; readers get SQLModel sessions."""

    def __init__(self, url: str, home: Path, secret: bytes) -> None:
        self.url: URL = make_url(url)
        self.home = home
        self.secret = secret
        self.postgres = self.url.get_backend_name() == "postgresql"
        self._idle: list[Any] = []
        self._lasting: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._reader: Engine | None = None
        self._simulated: bool | None = None

    @contextlib.contextmanager
    def writing(self, *, hopeful: bool = False) -> Generator[Tx]:
        """A transaction: all of it is durable at the end of the block, or none of it.

        A ``hopeful`` one on Postgres begins with its first write, so what it reads before is not locked and may change:
        for work that writes on condition that nothing did, and tries again if not.

        Raises ``Conflict`` where another transaction was faster, ``Refused`` ('busy', 'disk_full',
        'database_away') where the database cannot do it now; in each case nothing was written.
        """
        begin = "BEGIN" if self.postgres else "BEGIN IMMEDIATE"
        yield from self._transaction(begin, hopeful=hopeful and self.postgres)

    @contextlib.contextmanager
    def looking(self) -> Generator[Tx]:
        """A transaction that only reads: it sees one moment of the store and holds nobody up."""
        yield from self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.postgres else "BEGIN")

    def _transaction(self, begin: str, *, hopeful: bool = False) -> Generator[Tx]:
        raw = self._take()[0] if hopeful else self._begin(begin)
        tx = Tx(raw, self.postgres, self._lasting, begin if hopeful else "")
        try:
            yield tx
            tx.finish()
        except BaseException as error:
            self._undo(raw)
            lost = hopeful and not tx.wrote and isinstance(error, psycopg.OperationalError)
            ours = Conflict() if lost else translated(error)  # no idle connection survives a restart of the database
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


_ROW_TYPES: dict[tuple[str, bool], Any] = {}
"""The named tuples of each SQL on each database: there are as many as the house has questions."""


@lru_cache(maxsize=512)
def _for_sqlite(sql: str) -> str:
    return re.sub(r"= ANY\(:(\w+)\)", r"IN (SELECT value FROM json_each(:\1))", sql)


@lru_cache(maxsize=512)
def _for_postgres(sql: str) -> str:
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)
