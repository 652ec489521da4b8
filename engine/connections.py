"""Keeps a store's raw connections: opens them, lends them to one thread at a time, and takes them back.

A connection is opened only to a store of this release, and marks the store as in use while it or its pool is open.
"""

import os
import threading
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.databases import SQLITE, open_postgres, open_sqlite, sqlite_file, translated
from engine.schema import REVISION, check_revision
from engine.store_lock import share_file, share_session

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class Connections:
    """The idle connections to one database.

    ``any_schema`` opens a store of another release, too; without ``shares`` it is not marked as in use, for whoever
    holds its lock alone already.
    """

    def __init__(self, address: str, home: Path, *, any_schema: bool, shares: bool) -> None:
        self.postgres = not address.startswith(SQLITE)
        self.synced = True
        """Whether each commit to a SQLite store that is opened from now on waits for the disk."""
        self._address, self._home = address, home
        self._any_schema, self._shares = any_schema, shares
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._share: Callable[[], Any] | None = None

    @cached_property
    def url(self) -> "URL":
        """Return the address of the database."""
        from sqlalchemy.engine import make_url  # see Note [Imported when used] in ``engine/databases.py``

        return make_url(self._address)

    @property
    def place(self) -> Path:
        """Return the place on the disk that the errors of the database are about."""
        return self._home if self.postgres else sqlite_file(self._address)

    def take(self) -> tuple[Any, bool]:
        """Return a connection for one thread, and whether it was used before. Raises ``Refused`` and ``Conflict``."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        try:
            return (self._open_postgres() if self.postgres else self._open_sqlite()), False
        except Exception as error:
            ours = translated(error, self.place)
            if ours is error:
                raise
            raise ours from error

    def give_back(self, raw: Any) -> None:
        """Keep a connection, in which no transaction is open, for the next thread."""
        with self._lock:
            self._idle.append(raw)

    def begin(self, begin: str) -> Any:
        """Return a connection in which the statement ``begin`` has opened a transaction."""
        for attempt in (1, 2):
            raw, used = self.take()
            try:
                raw.execute(begin)
            except Exception as error:
                raw.close()
                if used and attempt == 1 and self.postgres:
                    self.drop_idle()  # no idle connection survives a restart of the database
                    continue
                ours = translated(error, self.place)
                if ours is error:
                    raise
                raise ours from error
            return raw
        raise AssertionError("unreachable")

    def undo(self, raw: Any) -> None:
        """Roll back and keep the connection; close one that cannot."""
        try:
            raw.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 (the error that led here is raised)
            raw.close()
            return
        self.give_back(raw)

    def drop_idle(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for raw in idle:
            raw.close()

    def close(self) -> None:
        """Close every idle connection, and mark the store as in use no more."""
        self.drop_idle()
        with self._lock:
            share, self._share = self._share, None
        if share is not None:
            share()

    def _open_sqlite(self) -> Any:
        self._share_file()
        return self._admitted(open_sqlite(self.place, synced=self.synced))

    def _share_file(self) -> None:
        with self._lock:
            if not self._shares or self._share is not None or not self.place.exists():
                return
            if (lock := share_file(self.place)) is not None:
                self._share = weakref.finalize(self, os.close, lock)

    def _open_postgres(self) -> Any:
        raw = open_postgres(self.url)
        if not self._shares:
            return self._admitted(raw)
        try:
            share_session(raw)
        except BaseException:
            raw.close()
            raise
        return self._admitted(raw)

    def _admitted(self, raw: Any) -> Any:
        """Return the connection if the store has the schema of this release. Raises ``Refused``."""
        if self._any_schema:
            return raw
        try:
            row = raw.execute(REVISION).fetchone()
            check_revision(row[0] if row else "", self._home)
        except BaseException:
            raw.close()
            raise
        return raw
