"""Opens a backup to be read where it lies: nothing is restored, and nothing of the backup's own store is needed."""

import codecs
import contextlib
import csv
import sqlite3
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Table, create_engine

from engine.audit.archive import DATABASE, Packed, packed_in
from engine.audit.backup import tables
from engine.audit.scratch import scratch
from engine.store import Store
from models import Case

TRUE = "t"
"""How Postgres writes a truth into CSV."""
CHECKED = ("cases", "transition", "timer", "delivery", "outbox_event", "lifecycle_version")
"""The tables that a check of the lifecycles reads; no words of a customer are in them."""


@contextlib.contextmanager
def backup_opened(file: Path) -> Generator[Store]:
    """Open a SQLite store on a copy of a backup's tables, whatever database they came from; delete the copy at the end.

    Raises ``Refused('bad_backup')``.
    """
    with packed_in(file) as packed, scratch(Path(tempfile.gettempdir())) as home:
        packed.check()
        database = home / DATABASE
        if packed.manifest.database == "sqlite":
            packed.unpack(DATABASE, database)
        else:
            _load(packed, database)
        with contextlib.closing(_store(database)) as store:
            yield store


def _store(database: Path) -> Store:
    """Return a store on the copy, whatever its schema; nobody else uses it."""
    return Store(f"sqlite:///{database}", database.parent, b"", any_schema=True, shares=False)


def _load(packed: Packed, database: Path) -> None:
    """Make a SQLite database of those tables of a Postgres backup that a check reads."""
    engine = create_engine(f"sqlite:///{database}")
    Case.metadata.create_all(engine)
    engine.dispose()
    there = {Path(name).stem: name for name in packed.names("tables")}
    with contextlib.closing(sqlite3.connect(database)) as raw:
        for table in tables():
            if table.name in CHECKED and table.name in there:
                _fill(raw, table, packed.blocks(there[table.name]))
        raw.commit()


def _fill(raw: sqlite3.Connection, table: Table, blocks: Iterable[bytes]) -> None:
    rows = csv.reader(_lines(blocks))
    columns = [table.columns[name] for name in next(rows)]
    marks = ", ".join("?" for _ in columns)
    names = ", ".join(column.name for column in columns)
    raw.executemany(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})",
        ([_value(column, text) for column, text in zip(columns, row, strict=True)] for row in rows),
    )


def _value(column: Column[Any], text: str) -> str | bool | None:
    """Return a value of the file. An empty text of a nullable column is read as none; no check tells the two apart."""
    if isinstance(column.type, Boolean):
        return text == TRUE
    return None if not text and column.nullable else text


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file that comes in blocks, each with its line end: a quoted value may span several lines."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    for block in blocks:
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest
