"""An open transaction: SQL with ``:names`` for either database, rows as named tuples, savepoints."""

import contextlib
import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

import orjson

from engine.caches import StoreCache, TransactionCache
from statemachines.refused import Refused


class Tx:
    """One open transaction. ``kept`` is what its store keeps, ``cache`` what this transaction has read."""

    def __init__(self, raw: Any, postgres: bool, kept: StoreCache) -> None:
        self._raw = raw
        self.postgres = postgres
        self.kept = kept
        self.cache = TransactionCache()
        self.wakes = False
        """Whether the drivers are to be woken when this is committed; to wake them for nothing does no harm."""
        self.wrote = False
        """Whether anything was written."""
        self.lenient = False
        """Whether a text of SQLite that is no UTF-8 is read with surrogates instead of refused."""
        self.at_end: list[Callable[[Tx], None]] = []
        """What is still to be written when everything else of this transaction was."""
        self._savepoints = 0

    def run(self, sql: str, **values: Any) -> int:
        """Execute and return how many rows were touched."""
        self.wrote = True
        return self._execute(sql, values).rowcount

    def run_all(self, sql: str, rows: Sequence[Mapping[str, Any]], postgres_sql: str = "") -> int:
        """Execute once for each of the rows and return how many rows were touched in all.

        ``postgres_sql`` does the same on Postgres by one statement, which reads the rows from the JSON text ``rows``.
        """
        if not rows:
            return 0
        self.wrote = True
        if postgres_sql and self.postgres:
            return self._send(postgres_sql, {"rows": orjson.dumps(rows).decode()}).rowcount
        if self.postgres:
            sql, params = _for_postgres(sql), rows
        else:
            sql, values_of = _by_position(sql)
            params = list(map(values_of, rows))
        if len(params) == 1:
            return self._send(sql, params[0]).rowcount
        cursor = self._raw.cursor()
        cursor.executemany(sql, params)
        return cursor.rowcount

    def write(self, sql: str, params: Mapping[str, Any]) -> Any:
        """Execute a statement of Postgres, with its parameters as psycopg spells them; return its one row."""
        self.wrote = True
        return self._rows(sql, self._send(sql, params))[0]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Return all rows, as named tuples."""
        try:
            return self._rows(sql, self._execute(sql, values))
        except sqlite3.OperationalError as error:
            if not self.lenient or "decode" not in str(error):
                raise
            return self._damaged_rows(sql, values)

    def row(self, sql: str, **values: Any) -> Any:
        """Return the first row as a named tuple, or None."""
        return next(iter(self.rows(sql, **values)), None)

    def rows_among(self, sql: str, **values: Any) -> list[Any]:
        """Return all rows whose column is among the values of a list: ``= ANY(:names)``, on SQLite, too."""
        if self.postgres:
            return self.rows(sql, **values)
        lists = {name: orjson.dumps(value).decode() for name, value in values.items() if isinstance(value, list)}
        return self.rows(_for_sqlite(sql), **values | lists)

    def skip_locked(self, rows_of: str) -> str:
        """Return the clause that claims rows past those that others hold; SQLite has one writer and needs none."""
        return f"FOR UPDATE OF {rows_of} SKIP LOCKED" if self.postgres else ""

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo what fails inside, and nothing else."""
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

    def finish(self) -> None:
        """Do the last writes."""
        for write in self.at_end:
            write(self)

    def _damaged_rows(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        self._raw.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
        try:
            return self._rows(sql, self._execute(sql, values))
        finally:
            self._raw.text_factory = str

    def _rows(self, sql: str, cursor: Any) -> list[Any]:
        new_row = _NEW_ROWS.get((sql, self.postgres)) or _new_row(sql, self.postgres, cursor)
        return list(map(new_row, cursor.fetchall()))

    def _execute(self, sql: str, values: Mapping[str, Any]) -> Any:
        return self._send(_for_postgres(sql) if self.postgres else sql, values)

    def _send(self, sql: str, params: Any) -> Any:
        """Execute with these parameters. Raises ``Refused('unstorable_value')`` for one that no column can hold.

        Half a character and a number beyond 64 bits never reach the database, so the transaction goes on.
        """
        try:
            return self._raw.execute(sql, params)
        except (UnicodeEncodeError, OverflowError):
            raise Refused("unstorable_value") from None


_NAME = re.compile(r"(?<!:):(\w+)")
"""A parameter by its name."""

_NEW_ROWS: dict[tuple[str, bool], Callable[[Any], Any]] = {}
"""What makes the named tuples of each SQL on each database; ``_make`` would count the columns of each row again."""
MOST_REMEMBERED = 4096
"""How many of them are remembered: SQL that names ids is different each time."""


def _new_row(sql: str, postgres: bool, cursor: Any) -> Callable[[Any], Any]:
    names = [column[0] for column in cursor.description]
    row_type = namedtuple("Row", names, rename=True)  # pyright: ignore[reportUntypedNamedTuple]
    new_row = partial(tuple.__new__, row_type)  # pyright: ignore[reportUnknownMemberType]
    if len(_NEW_ROWS) >= MOST_REMEMBERED:
        _NEW_ROWS.clear()
    return _NEW_ROWS.setdefault((sql, postgres), new_row)


@lru_cache(maxsize=512)
def _for_sqlite(sql: str) -> str:
    return re.sub(r"= ANY\(:(\w+)\)", r"IN (SELECT value FROM json_each(:\1))", sql)


@lru_cache(maxsize=512)
def _by_position(sql: str) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """Return the SQL with numbers for its names, and what takes their values of a row in that order.

    SQLite's driver looks each name up again for each row, which takes a third of the time of an INSERT.
    """
    names = list(dict.fromkeys(_NAME.findall(sql)))
    numbered = _NAME.sub(lambda name: f"?{names.index(name[1]) + 1}", sql)
    if len(names) == 1:
        return numbered, lambda row: (row[names[0]],)
    return numbered, itemgetter(*names)


@lru_cache(maxsize=512)
def _for_postgres(sql: str) -> str:
    return _NAME.sub(r"%(\1)s", sql)
