"""Copies a store while it is at work: one moment of all its tables, with the anchors that vouch for it."""

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import Table

from engine.attachments.content_files import content_files
from engine.audit.archive import DATABASE, Manifest, Packing, packing
from engine.audit.scratch import scratch
from engine.databases import open_postgres, open_sqlite, translated
from engine.ledger.anchor_file import FILE, Anchored, alone, read_lines
from engine.ledger.anchoring import anchor
from engine.ledger.leaves import file_of
from engine.ledger.signing import PUBLIC, key_of
from engine.schema import REVISION, check_revision, newest, private_file, revision_of, revisions
from engine.store import Store
from models import whole_schema
from models.columns import to_micros
from statemachines.refused import Refused

HAS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()
 ORDER BY table_name, ordinal_position
"""
CONTENTS = "SELECT digest, thumbnail FROM attachment WHERE erased_at IS NULL ORDER BY digest"
ATTACHMENTS = "attachments"
"""The folder of the archive in which the contents of attached files lie under their digests."""
COPY_OUT = SQL("COPY (SELECT {columns} FROM {table} ORDER BY {keys}) TO STDOUT (FORMAT csv, HEADER true)")


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written: where, how large (bytes), and under which anchor."""

    file: Path
    size: int
    manifest: Manifest


def back_up(store: Store, file: Path, now: datetime, *, instead: bool = False) -> Backup:
    """Anchor what is there, then write it to ``file``. Nobody waits for it, and it waits for nobody.

    Nothing is anchored for a file that cannot be written. A store that is doubted, or one of an earlier release, is
    backed up all the same, under the last anchor it has. ``instead`` lets it take the place of an earlier file. Raises
    ``Refused``.
    """
    revision = revision_of(store.address)
    if revision is None:
        raise Refused("no_store", home=str(store.home))
    if revision not in revisions():
        check_revision(revision, store.home)
    with packing(file, instead=instead) as pack:
        if revision == newest():
            anchor(store, now)
        manifest = _write(store, pack, to_micros(now))
        pack.finish(manifest)
    return Backup(file, file.stat().st_size, manifest)


def _write(store: Store, pack: Packing, now: int) -> Manifest:
    try:
        with contextlib.ExitStack() as stack:
            with alone(place := store.anchors):  # the moment that is copied is one between two anchors
                snapshot = stack.enter_context(_postgres(store) if store.postgres else _sqlite(store))
                last = _add_anchors(pack, place)
            for name, blocks in snapshot.files:
                pack.add(name, blocks)
            _add_contents(store, pack, snapshot.contents)
    except (psycopg.Error, sqlite3.Error) as error:
        raise translated(error, store.home) from error
    kind = "postgres" if store.postgres else "sqlite"
    line, hash_of = (last.line, last.hash) if last else (0, "")
    manifest = Manifest(kind, snapshot.revision, now, line, hash_of, files=pack.files, sizes=pack.sizes)
    return manifest.signed_by(key_of(store.home))


def _add_anchors(pack: Packing, place: Path) -> Anchored | None:
    """Add the published anchors and return the last one; a file that cannot be read is copied as it is."""
    try:
        last = next(iter(read_lines(place)[-1:]), None)
    except ValueError:
        last = None
    files = [place / FILE, place / PUBLIC, *([file_of(place, last.line)] if last else [])]
    for file in files:
        if file.exists():
            pack.add_file(f"anchors/{file.name}", file)
    return last


def _add_contents(store: Store, pack: Packing, digests: Iterable[str]) -> None:
    """Add the contents of attached files; a missing one is a fault that ``verify`` finds in either store."""
    contents = content_files(store)
    for digest in digests:
        if (content := contents.get(digest)) is not None:
            pack.add(f"{ATTACHMENTS}/{digest}", [content])


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What is copied of the database, and the digests of the contents that belong to it."""

    revision: str
    files: Iterable[tuple[str, Iterable[bytes]]]
    contents: Sequence[str]


@contextlib.contextmanager
def _sqlite(store: Store) -> Generator[_Snapshot]:
    with scratch(store.home) as aside, contextlib.closing(open_sqlite(store.file)) as raw:
        copy = aside / DATABASE
        private_file(copy)
        with contextlib.closing(sqlite3.connect(copy)) as target:
            raw.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
            revision = target.execute(REVISION).fetchone()[0]
            there = target.execute("SELECT 1 FROM sqlite_master WHERE name = 'attachment'").fetchone()
            contents = _digests(target.execute(CONTENTS)) if there else []
        yield _Snapshot(revision, [(DATABASE, _read(copy))], contents)


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from iter(lambda: stream.read(1 << 20), b"")


@contextlib.contextmanager
def _postgres(store: Store) -> Generator[_Snapshot]:
    with open_postgres(store.url) as raw:
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        revision: Any = raw.execute(REVISION).fetchone()  # the first query is the moment that is copied
        [there] = raw.execute("SELECT to_regclass('attachment') IS NOT NULL").fetchone() or (False,)
        yield _Snapshot(revision[0], _tables(raw), _digests(raw.execute(CONTENTS)) if there else [])
        raw.execute("COMMIT")


def _digests(rows: Iterable[Any]) -> list[str]:
    """Return the digests of rows of contents and thumbnails; an earlier release has no such table."""
    return [digest for row in rows for digest in row if digest is not None]


def _tables(raw: psycopg.Connection[Any]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield each table with the columns that it has: a store of an earlier release has fewer."""
    columns: dict[str, list[str]] = {}
    for name, column in raw.execute(HAS):
        columns.setdefault(name, []).append(column)
    for table in tables():
        if table.name in columns:
            yield f"tables/{table.name}.csv", _copied(raw, _out(table, columns[table.name]))


def _copied(raw: psycopg.Connection[Any], sql: Composed) -> Iterator[bytes]:
    with raw.cursor() as cursor, cursor.copy(sql) as copy:
        for block in copy:
            yield bytes(block)


def tables() -> list[Table]:
    """Return all tables, each after those that it refers to."""
    return whole_schema().sorted_tables


def _out(table: Table, columns: list[str]) -> Composed:
    """Return the query of a whole table in the order of its keys, with its columns by name."""
    keys = [column.name for column in table.primary_key if column.name in columns]
    return COPY_OUT.format(table=Identifier(table.name), columns=listed(columns), keys=listed(keys))


def listed(names: Iterable[str]) -> Composed:
    """Return names as an SQL list."""
    return SQL(", ").join(map(Identifier, names))
