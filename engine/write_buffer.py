"""Writes that nobody asks after, kept back and made together: in one statement, or in one for each sort of row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson

from engine.databases import CHANNEL, Conflict
from models import whole_schema

Values = Mapping[str, Any]

FEW = 24
"""So many rows go to Postgres with a parameter for each value; more of them as one JSON text for each sort."""

# Note [One statement]
# A move writes some five rows, and a round trip to Postgres costs as much as all of them. So writes are kept until
# somebody reads, or the transaction ends, and then they are the parts of one WITH. Its parts see the database as it
# was before the statement: so no two of them may change the same row, and whoever changes a row a second time has the
# first written before. On SQLite a statement costs microseconds: there each sort of row is one executemany.
#
# The SQL is the same text for both. `VALUES (:a, :b)` becomes `SELECT r.a, r.b FROM json_to_recordset(...) AS r` for
# many rows; the types come from the tables, and from `CAST(:name AS TYPE)` for what is no column. An UPDATE names one
# row by its `id`. One that finds it changed by somebody else divides by zero, which undoes the statement.


class WriteBuffer:
    """Rows to be written, by the SQL that writes them, in the order in which each SQL came first."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Values]] = {}
        self._changes: set[tuple[str, Any]] = set()

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, sql: str, values: Values) -> bool:
        """Keep a write; False if it changes a row that a kept one changes already."""
        table = _updated(sql)
        if table is not None:
            change = (table, values["id"])
            if change in self._changes:
                return False
            self._changes.add(change)
        self._rows.setdefault(sql, []).append(values)
        return True

    def mark(self) -> dict[str, int]:
        """How much is kept by now."""
        return {sql: len(rows) for sql, rows in self._rows.items()}

    def cut(self, mark: Mapping[str, int]) -> None:
        """Forget what was kept since."""
        self._keep({sql: rows[: mark.get(sql, 0)] for sql, rows in self._rows.items()})

    def take(self, mark: Mapping[str, int] | None = None) -> dict[str, list[Values]]:
        """What was kept until ``mark``, or all of it; it is kept no more."""
        whole = self._rows
        self._keep({} if mark is None else {sql: rows[mark.get(sql, 0) :] for sql, rows in whole.items()})
        return whole if mark is None else {sql: rows[: mark[sql]] for sql, rows in whole.items() if mark.get(sql)}

    def _keep(self, rows: Mapping[str, list[Values]]) -> None:
        self._rows = {sql: values for sql, values in rows.items() if values}
        changes = ((_updated(sql), values) for sql, values in self._rows.items())
        self._changes = {(table, one["id"]) for table, values in changes if table is not None for one in values}


def write_sqlite(raw: Any, rows: Mapping[str, Sequence[Values]]) -> None:
    """Make the writes. Raises ``Conflict`` where a row to be changed is not as it was."""
    for sql, values in rows.items():
        done = raw.executemany(sql, values) if len(values) > 1 else raw.execute(sql, values[0])
        if _updated(sql) is not None and done.rowcount != len(values):
            raise Conflict


def write_postgres(raw: Any, rows: Mapping[str, Sequence[Values]], wakes: bool) -> None:
    """Make the writes by one statement, and wake the drivers with it when it is committed.

    Raises ``psycopg.errors.DivisionByZero`` where a row to be changed is not as it was.
    """
    count = sum(map(len, rows.values()))
    if count <= FEW:
        few = [(_sort(sql), one) for sql, values in rows.items() for one in values]
        statement = _of_few(tuple(sort for sort, _ in few), wakes)
        raw.execute(statement, [one[name] for sort, one in few for name in sort.names])
    else:
        texts = [orjson.dumps(values, default=_hex).decode() for values in rows.values()]
        counts = [len(values) for sql, values in rows.items() if _updated(sql) is not None]
        raw.execute(_of_many(tuple(map(_sort, rows)), wakes), [*texts, *counts])


def write_all(raw: Any, sql: str, values: Sequence[Values]) -> None:
    """Execute an SQL once for each of the values, however many rows each touches: on Postgres by one statement."""
    raw.execute(_many(sql), [orjson.dumps(values, default=_hex).decode()])


def _hex(value: object) -> str:
    """Bytes as Postgres reads them."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} cannot be written")


@dataclass(frozen=True)
class _Sort:
    """One of the SQLs: the names in it, in order, and its two forms for Postgres."""

    update: bool
    names: tuple[str, ...]
    one: str
    many: str


@lru_cache(maxsize=512)
def _of_few(sorts: tuple[_Sort, ...], wakes: bool) -> str:
    return _together([sort.one for sort in sorts], [(at, "1") for at, sort in enumerate(sorts) if sort.update], wakes)


@lru_cache(maxsize=512)
def _of_many(sorts: tuple[_Sort, ...], wakes: bool) -> str:
    return _together([sort.many for sort in sorts], [(at, "%s") for at, sort in enumerate(sorts) if sort.update], wakes)


def _together(parts: Sequence[str], counted: Sequence[tuple[int, str]], wakes: bool) -> str:
    """See Note [One statement]."""
    wanted = [f"1 / ((SELECT count(*) FROM w{at}) / {count})" for at, count in counted]
    told = [f"pg_notify('{CHANNEL}', '')"] if wakes else []
    parts = [f"w{at} AS ({part})" for at, part in enumerate(parts)]
    return f"WITH {', '.join(parts)} SELECT {', '.join([*wanted, *told]) or '1'}"


@cache
def _updated(sql: str) -> str | None:
    """The table whose row an SQL changes; None for one that adds rows."""
    found = re.match(r"\s*UPDATE (\w+)", sql)
    return found[1] if found else None


@cache
def _sort(sql: str) -> _Sort:
    names = tuple(re.findall(r"(?<!:):(\w+)", sql))
    ending = " RETURNING 1" if _updated(sql) else ""
    return _Sort(bool(ending), names, re.sub(r"(?<!:):\w+", "%s", sql) + ending, _many(sql) + ending)


@cache
def _many(sql: str) -> str:
    names = dict.fromkeys(re.findall(r"(?<!:):(\w+)", sql))
    rows = "json_to_recordset(%s::json) AS r({})".format(", ".join(f"{name} {_type(sql, name)}" for name in names))
    text = re.sub(r"(?<!:):(\w+)", r"r.\1", sql)
    if inserted := re.fullmatch(r"(.*?)VALUES\s*\((.*)\)(\s*ON CONFLICT.*)?\s*", text, re.DOTALL):
        return f"{inserted[1]}SELECT {inserted[2]} FROM {rows}{inserted[3] or ''}"
    other = "USING" if text.lstrip().startswith("DELETE") else "FROM"
    return re.sub(r"\bWHERE\b", f"{other} {rows} WHERE", text, count=1)


def _type(sql: str, name: str) -> str:
    said = re.search(rf"CAST\(:{name} AS (\w+)\)", sql)
    if said:
        return said[1]
    from sqlalchemy.dialects.postgresql import dialect  # see Note [Imported when used]

    [table] = re.findall(r"^\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", sql)
    return whole_schema().tables[table].c[name].type.compile(dialect=dialect())
