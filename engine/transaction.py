"""An open transaction: what is read, what is kept back and written together, and what is undone alone."""

import contextlib
import re
from collections import namedtuple
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from engine.databases import WAKE
from engine.write_buffer import WriteBuffer, write_all, write_postgres, write_sqlite


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
        self._sheaf = WriteBuffer()
        self._savepoints: list[_Savepoint] = []
        self._named = 0

    @property
    def optimistic(self) -> bool:
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

    def finish(self) -> bool:
        """Write what is kept. Whether there is a transaction to be committed: of a hopeful one that wrote nothing yet,
        this one statement is all of it.
        """
        if self._sheaf:
            self._write(self._sheaf.take(), self.wakes)
        elif self.wakes and self.postgres:
            self._raw.execute(WAKE)
        return not self._begin

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


_ROW_TYPES: dict[tuple[str, bool], Any] = {}
"""The named tuples of each SQL on each database: there are as many as the house has questions."""


@lru_cache(maxsize=512)
def _for_sqlite(sql: str) -> str:
    return re.sub(r"= ANY\(:(\w+)\)", r"IN (SELECT value FROM json_each(:\1))", sql)


@lru_cache(maxsize=512)
def _for_postgres(sql: str) -> str:
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql)
