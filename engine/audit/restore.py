"""Bring a store back from a backup, into a place where none is, and check it against the anchors.

Note [All or nothing]: everything is checked and made ready aside: a SQLite file in a folder of its own, on Postgres in
one transaction. Then the anchors are put in place, and last the database, by one rename or one commit. A restore that
is killed before leaves an empty store, and the next one begins anew.
"""

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from engine.actors import administrator
from engine.attachments.content_files import DIGEST, content_files
from engine.audit.archive import DATABASE, Manifest, Packed, packed_in
from engine.audit.backup import ATTACHMENTS, listed
from engine.audit.restore_anchors import put_anchors
from engine.audit.restore_place import THERE, drop_schema, leave_one_file, refuse_full, refuse_rows
from engine.audit.restored_access import end_access
from engine.audit.scratch import scratch, sweep
from engine.audit.trusted_backup import Despite, Distrusted, refuse_untrusted
from engine.audit.verify import Verdict, verify
from engine.caches import StoreCache
from engine.commands.staffing import has_administrator
from engine.databases import translated
from engine.durable_file import sync_folder
from engine.ledger.anchoring import first_anchor, published
from engine.ledger.journal import DROPS_JOURNALLED, begin_journal, enter_dropped
from engine.ledger.signing import PUBLIC, ensure_key
from engine.runs import Done, keep_in
from engine.schema import check_revision, connected, migrate, private_file, revisions, upgrade
from engine.secret import secret_check
from engine.settings import Settings
from engine.store import Store
from engine.store_lock import held_alone
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

EMPTY = SQL("DELETE FROM {table}")
COPY_IN = SQL("COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER true)")
COUNTERS = """
SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
  FROM information_schema.columns WHERE table_schema = current_schema()
"""
COUNT_ON = SQL("SELECT setval({counter}, coalesce((SELECT max({column}) FROM {table}), 0) + 1, false)")
SECRET_CHECK = "SELECT secret_check FROM store_info"  # noqa: S105 - the name of a column
RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, what was found in it, and how many anchors were published after the backup.

    ``distrusted`` says why the signature of the backup could not be trusted, where a person restored it all the same.
    ``revoked`` is how many API tokens were revoked.
    """

    manifest: Manifest
    verdict: Verdict
    later: int
    distrusted: Distrusted | None = None
    revoked: int = 0


def restore(
    settings: Settings, file: Path, now: datetime, despite: Despite | None = None, *, keep_tokens: bool = False
) -> Restored:
    """Bring the store back. Nothing is written over a store that holds anything. See Note [All or nothing].

    ``despite`` names the person who restores a backup that this home's key did not sign, and why; both are recorded. He
    must be an administrator in it, if it has any. Sessions, invitations and tokens of the backup end, because they may
    have been ended since; ``keep_tokens`` leaves the tokens as they are.

    Raises ``Refused('bad_backup' | 'not_empty' | 'other_database' | 'other_secret' | 'restore_secret' | 'disk_full' |
    'schema_newer' | 'store_in_use')``, and what ``refuse_untrusted`` and ``administrator`` raise.
    """
    with packed_in(file) as packed:
        if packed.manifest.revision not in revisions():
            check_revision(packed.manifest.revision, settings.where)
        try:
            secret = settings.secret_bytes()
        except Refused:
            raise Refused("restore_secret", file=str(settings.secret_file)) from None
        place = settings.anchors_beside(settings.where)
        distrusted = refuse_untrusted(packed, settings.where, place, despite)
        packed.check()
        with contextlib.closing(settings.store()) as store:
            if packed.manifest.database != ("postgres" if store.postgres else "sqlite"):
                raise Refused("other_database", database=packed.manifest.database)
            job = _Job(store, packed, secret, place, now, distrusted, keep_tokens)
            try:
                settings.where.mkdir(parents=True, exist_ok=True, mode=0o700)
                for folder in (place, settings.where if store.postgres else store.file.parent):
                    sweep(folder)  # also of a restore that was killed when it had done its work
                refuse_full(store)
                with held_alone(settings.url):
                    later = job.into_postgres(settings.url) if store.postgres else job.into_sqlite()
            except (psycopg.Error, sqlite3.Error, OSError) as error:
                raise translated(error, settings.where) from error
            if not published(store).exists():  # a backup from before the first anchor
                ensure_key(store.home, store.anchors)
                first_anchor(store, now)
            return Restored(packed.manifest, verify(store), later, distrusted, job.revoked)


@dataclass(slots=True)
class _Job:
    """One restore: from where, to where, by which secret, and what is recorded of it.

    ``revoked`` is how many tokens it has revoked.
    """

    store: Store
    packed: Packed
    secret: bytes
    place: Path
    now: datetime
    distrusted: Distrusted | None
    keep_tokens: bool
    revoked: int = 0

    def into_sqlite(self) -> int:
        path = self.store.file
        refuse_full(self.store)
        leave_one_file(path)
        if shutil.disk_usage(path.parent).free < 2 * self.packed.sizes[DATABASE]:
            raise Refused("disk_full")
        with scratch(path.parent) as aside:
            copy = aside / DATABASE
            self.packed.unpack(DATABASE, copy)
            with contextlib.closing(sqlite3.connect(copy)) as raw:
                if raw.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                    raise self.packed.bad(DATABASE)
                self._check_secret(raw.execute(SECRET_CHECK).fetchone())
            migrate(f"sqlite:///{copy}")
            with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as raw:
                self._record(Tx(raw, False, StoreCache()))
            private_file(copy)
            self._put_contents()
            later = self._put_anchors()
            copy.replace(path)
            sync_folder(path.parent)
        return later

    def into_postgres(self, url: str) -> int:
        with connected(url) as connection, connection.begin():
            raw: Any = connection.connection.driver_connection
            known = {row[0] for row in raw.execute(THERE)}
            refuse_rows(self.store, known, lambda sql: raw.execute(sql).fetchone())
            drop_schema(raw)
            upgrade(connection, self.packed.manifest.revision)
            names = self.packed.names("tables")
            for name in reversed(names):
                raw.execute(EMPTY.format(table=Identifier(Path(name).stem)))
            for name in names:
                _copy_in(raw, name, self.packed)
            self._check_secret(raw.execute(SECRET_CHECK).fetchone())
            upgrade(connection)
            _count_on(raw)
            self._record(Tx(raw, True, StoreCache()))
            self._put_contents()
            return self._put_anchors()

    def _put_contents(self) -> None:
        """Put the contents of attached files in place, which nothing names until the database is there."""
        contents = content_files(self.store)
        for name in self.packed.names(ATTACHMENTS):
            digest = name.removeprefix(f"{ATTACHMENTS}/")
            if not DIGEST.fullmatch(digest):
                raise self.packed.bad(name)
            contents.put(digest, b"".join(self.packed.blocks(name)))

    def _put_anchors(self) -> int:
        """Put the anchors in place; the public key of a backup that cannot be trusted is not one to trust later."""
        return put_anchors(self.store, self.packed, self.now, but=PUBLIC if self.distrusted else "")

    def _check_secret(self, row: Any) -> None:
        """Refuse another secret than the store's: keys and identities made with it would never match again."""
        if row is None or row[0] != secret_check(self.secret):
            raise Refused("other_secret", home=str(self.store.home))

    def _record(self, tx: Tx) -> None:
        """Begin the journal if the backup's release had none, and record who trusted an unsigned backup, and why.

        What the backup would let in again ends.
        """
        if not begin_journal(tx, to_micros(self.now)) and self.packed.manifest.revision < DROPS_JOURNALLED:
            enter_dropped(tx)
        by = RESTORE if self.distrusted is None else self.distrusted.by
        self.revoked = end_access(tx, by, to_micros(self.now), keep_tokens=self.keep_tokens)
        tx.finish()
        if self.distrusted is not None:
            if has_administrator(tx):
                administrator(tx, self.distrusted.by)
            note = {
                "distrusted": self.distrusted.code,
                "reason": self.distrusted.reason,
                "by": self.distrusted.by,
                "os_user": self.distrusted.os_user,
                "key": self.packed.manifest.key,
            }
            keep_in(tx, Done(RESTORE, self.now, self.now, observed=True, did=1, note=note))


def _copy_in(raw: "psycopg.Connection[Any]", name: str, packed: Packed) -> None:
    """Copy a table in, by the columns that it had when it was written."""
    columns = next(iter(packed.blocks(name))).split(b"\n", 1)[0].decode().split(",")
    sql = COPY_IN.format(table=Identifier(Path(name).stem), columns=listed(columns))
    with raw.cursor() as cursor, cursor.copy(sql) as copy:
        for block in packed.blocks(name):
            copy.write(block)


def _count_on(raw: "psycopg.Connection[Any]") -> None:
    """Set each sequence to go on after the highest key of its column."""
    for table, column, counter in raw.execute(COUNTERS).fetchall():
        if counter is not None:
            raw.execute(COUNT_ON.format(counter=counter, column=Identifier(column), table=Identifier(table)))
