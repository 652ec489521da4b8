"""Brings a store back from a backup, into a place where none is, and checks it against the anchors."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from engine.actors import IMPORT, SYSTEM
from engine.audit.archive import DATABASE, Manifest, Packed, packed_in
from engine.audit.backup import listed, tables
from engine.audit.verify import Verdict, verify
from engine.create_store import migrate
from engine.databases import open_postgres, translated
from engine.ledger.anchor_file import FILE, alone, read_lines
from engine.ledger.chain import keyed
from engine.ledger.last_seen import forget_seen
from engine.settings import Settings
from engine.store import Store
from statemachines.refused import Refused

FOUNDED = frozenset({"store_info", "lease", "run", "lifecycle_version", "department", "category", "journal", "anchor"})
"""What a store that was just made may hold, besides the two actors that are no people."""
ANY = "SELECT 1 FROM {table} LIMIT 1"
PEOPLE = f"SELECT 1 FROM actor WHERE handle NOT IN ('{SYSTEM}', '{IMPORT}') LIMIT 1"
EMPTY = SQL("DELETE FROM {table}")
COPY_IN = SQL("COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER true)")
THERE = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
COUNTERS = """
SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
  FROM information_schema.columns WHERE table_schema = current_schema()
"""
COUNT_ON = SQL("SELECT setval({counter}, coalesce((SELECT max({column}) FROM {table}), 0) + 1, false)")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, what was found in it, and how many anchors were published after the backup."""

    manifest: Manifest
    verdict: Verdict
    later: int


def restore(settings: Settings, file: Path) -> Restored:
    """Bring the store back. Nothing is written over a store that holds anything.

    Raises ``Refused('bad_backup' | 'not_empty' | 'other_database' | 'other_secret' | 'restore_secret')``.
    """
    with packed_in(file) as packed:
        packed.check()
        try:
            secret = settings.secret_bytes()
        except Refused:
            raise Refused("restore_secret", file=str(settings.secret_file)) from None
        store = settings.store()
        with contextlib.closing(store):
            if packed.manifest.database != ("postgres" if store.postgres else "sqlite"):
                raise Refused("other_database", database=packed.manifest.database)
            settings.where.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                _from_postgres(store, packed, secret) if store.postgres else _from_sqlite(store, packed, secret)
            except (psycopg.Error, sqlite3.Error) as error:
                raise translated(error) from error
            migrate(settings.url)
            later = _bring_anchors(settings.where, settings.anchors_beside(settings.where), packed)
            return Restored(packed.manifest, verify(store), later)


def _from_sqlite(store: Store, packed: Packed, secret: bytes) -> None:
    path = store.file
    if path.exists() and path.stat().st_size:
        with contextlib.closing(sqlite3.connect(path)) as there:
            known = {row[0] for row in there.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            _refuse_full(store, known, lambda sql: there.execute(sql).fetchone())
    with tempfile.TemporaryDirectory(dir=path.parent) as aside:
        copy = Path(aside) / DATABASE
        packed.unpack(DATABASE, copy)
        with contextlib.closing(sqlite3.connect(copy)) as raw:
            _check_secret(raw.execute("SELECT secret_check FROM store_info").fetchone(), secret, store)
            raw.execute("PRAGMA journal_mode=WAL")
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        copy.chmod(0o600)
        copy.replace(path)


def _from_postgres(store: Store, packed: Packed, secret: bytes) -> None:
    with open_postgres(store.url) as raw:
        known = {row[0] for row in raw.execute(THERE)}
        _refuse_full(store, known, lambda sql: raw.execute(sql).fetchone())
    migrate(store.url.render_as_string(hide_password=False), packed.manifest.revision)
    with open_postgres(store.url) as raw, raw.transaction():
        for name in reversed(packed.names("tables")):
            raw.execute(EMPTY.format(table=Identifier(Path(name).stem)))
        for name in packed.names("tables"):
            _copy_in(raw, name, packed)
        _check_secret(raw.execute("SELECT secret_check FROM store_info").fetchone(), secret, store)
        _count_on(raw)


def _copy_in(raw: psycopg.Connection[Any], name: str, packed: Packed) -> None:
    """Copy a table in, by the columns that it had when it was written."""
    columns = next(iter(packed.blocks(name))).split(b"\n", 1)[0].decode().split(",")
    sql = COPY_IN.format(table=Identifier(Path(name).stem), columns=listed(columns))
    with raw.cursor() as cursor, cursor.copy(sql) as copy:
        for block in packed.blocks(name):
            copy.write(block)


def _count_on(raw: psycopg.Connection[Any]) -> None:
    """Set each sequence to go on after the highest key of its column."""
    for table, column, counter in raw.execute(COUNTERS).fetchall():
        if counter is not None:
            raw.execute(COUNT_ON.format(counter=counter, column=Identifier(column), table=Identifier(table)))


def _refuse_full(store: Store, known: set[str], first: Callable[[Any], Any]) -> None:
    """Refuse a store that holds rows already; ``first`` returns the first row of a query, or None."""
    queries = {table.name: PEOPLE if table.name == "actor" else ANY.format(table=table.name) for table in tables()}
    filled = [name for name, sql in queries.items() if name in known - FOUNDED and first(sql) is not None]
    if filled:
        raise Refused("not_empty", home=str(store.home), tables=sorted(filled))


def _check_secret(row: Any, secret: bytes, store: Store) -> None:
    """Refuse another secret than the one of the store: keys and identities made with it would never match again."""
    if row is None or row[0] != keyed(secret, "closeloop"):
        raise Refused("other_secret", home=str(store.home))


def _bring_anchors(home: Path, place: Path, packed: Packed) -> int:
    """Put the anchors back where no case is anchored; where one is, they stay, and say how much is missing."""
    with alone(place):
        if not _anchors_cases(place):
            if (place / FILE).exists():  # the home remembers the anchor that is replaced
                forget_seen(home)
            for name in packed.names("anchors"):
                packed.unpack(name, place / Path(name).name)
            return 0
        with contextlib.suppress(ValueError):
            return sum(line.line > packed.manifest.line for line in read_lines(place))
        return 0


def _anchors_cases(place: Path) -> bool:
    """Return whether the folder holds more than the first anchor of a store that was just made."""
    if not (place / FILE).exists():
        return False
    try:
        return any(line.cases or line.line > 1 for line in read_lines(place))
    except ValueError:
        return True
