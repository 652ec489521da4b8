"""Opens the database: raw transactions for the engine, SQLModel sessions for readers.

Note [Notified after the commit]: in the whole database, Postgres commits the transactions that notify one after
another, each with its write to the disk. So a move does not notify: once it is committed, its connection does so in a
transaction of its own, which waits for no disk. One thread notifies at a time, for all that have committed by then.
A process that is killed between the two notifies nobody; therefore whoever listens also looks now and then.
"""

import contextlib
import threading
from collections.abc import Callable, Generator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.caches import StoreCache
from engine.clock import Reading, read_clock
from engine.connections import Connections
from engine.databases import (
    WAKE,
    Conflict,
    connection_lost,
    database_error,
    open_reader,
    plain_host,
    sqlite_file,
    translated,
)
from engine.secret import secret_check
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.lifecycle import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine
    from sqlmodel import Session

T = TypeVar("T")
CLOCK = "SELECT simulated_at FROM store_info WHERE id = 1"


class Store:
    """A database of ours. Writers share a few raw connections; readers get SQLModel sessions.

    ``clock`` reads the clocks of the machine. A store is opened with the secret that it was made with: the first
    transaction or session of another raises ``Refused('other_secret')``. An empty secret opens one that is only read
    and whose keys are not needed, as a backup's. See Note [Imported when used] in ``engine/databases.py``.
    """

    def __init__(
        self,
        url: str,
        home: Path,
        secret: bytes,
        anchors: Path | None = None,
        clock: Callable[[], Reading] = read_clock,
        *,
        attachments: Path | str | None = None,
        any_schema: bool = False,
        shares: bool = True,
    ) -> None:
        """Name the database, the home, the secret, and the folder of the anchors (by default one of the home).

        ``attachments`` is the folder of the attached files, by default one of the home, or the URL of a bucket.
        ``any_schema`` opens a store of another release, too; without ``shares`` it is not marked as in use, for whoever
        holds its lock alone already.
        """
        self.address = url
        self.home = home
        self.anchors = anchors or home / "anchors"
        self.attachments = attachments or home / "attachments"
        self.secret = secret
        self.clock = clock
        self._connections = Connections(url, home, any_schema=any_schema, shares=shares)
        self.postgres = self._connections.postgres
        self._kept = StoreCache()
        self._notifying, self._unnotified = threading.Lock(), False
        self._reader: Engine | None = None
        self._simulated: bool | None = None
        self._secret_fits = not secret

    @property
    def url(self) -> "URL":
        """Return the address of the database."""
        return self._connections.url

    @property
    def file(self) -> Path:
        """Return the file of a SQLite store."""
        return sqlite_file(self.address)

    @contextlib.contextmanager
    def writing(self, *, optimistic: bool = False) -> Generator[Tx]:
        """Open a transaction: all of it is durable at the end of the block, or none of it.

        An ``optimistic`` one holds no lock on Postgres: each statement commits by itself. It is for one question and
        one statement that writes only if what was read is unchanged. SQLite has one writer, so there it is as ever.

        Raises ``Conflict`` where another transaction was faster, ``Refused`` ('busy', 'disk_full',
        'database_away') where the database cannot do it now; in each case nothing was written.
        """
        if optimistic and self.postgres:
            yield from self._statement()
        else:
            yield from self._transaction("BEGIN" if self.postgres else "BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def looking(self) -> Generator[Tx]:
        """Open a transaction that only reads: it sees one moment of the store and blocks nobody."""
        yield from self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if self.postgres else "BEGIN")

    def ask(self, question: Callable[[Tx], T]) -> T:
        """Return the answer to a question, whose statements need not see the same moment of the store.

        On Postgres each statement is a transaction of its own, without the BEGIN and the COMMIT of ``looking``. The
        question is asked again where an idle connection did not survive a restart of the database.
        """
        if self.postgres:
            with contextlib.suppress(Conflict), contextlib.contextmanager(self._statement)() as tx:
                return question(tx)
            self._connections.drop_idle()
        with self.looking() as tx:
            return question(tx)

    def _transaction(self, begin: str) -> Generator[Tx]:
        raw = self._connections.begin(begin)
        tx = Tx(raw, self.postgres, self._kept)
        try:
            self._check_secret(tx)
            yield tx
            tx.finish()
            raw.execute("COMMIT")
        except BaseException as error:
            self._connections.undo(raw)
            ours = translated(error, self._connections.place)
            if ours is error:
                raise
            raise ours from error
        self._end(raw, tx)

    def _statement(self) -> Generator[Tx]:
        raw = self._connections.take()[0]
        tx = Tx(raw, self.postgres, self._kept)
        try:
            self._check_secret(tx)
            yield tx
        except BaseException as error:
            if not database_error(error):
                self._connections.give_back(raw)
                raise
            if not raw.closed:  # a refused statement leaves the connection as it was
                self._connections.give_back(raw)
            if not tx.wrote and connection_lost(error):
                raise Conflict from error  # an idle connection does not survive a restart of the database
            raise translated(error, self._connections.place) from error
        self._end(raw, tx)

    def _end(self, raw: Any, tx: Tx) -> None:
        """Give the connection back, after it has notified the listeners of what the transaction committed."""
        if tx.wakes and self.postgres:
            try:
                self._notify(raw)
            except Exception as error:
                if not database_error(error):
                    raise
                raw.close()  # what is committed stays; listeners look again once they can connect
                return
        self._connections.give_back(raw)

    def _notify(self, raw: Any) -> None:
        """Notify the listeners, unless another thread has done so since. See Note [Notified after the commit]."""
        self._unnotified = True
        with self._notifying:
            if self._unnotified:
                self._unnotified = False
                raw.execute(WAKE)

    def _check_secret(self, tx: Tx) -> None:
        """Compare the secret with the store's, once. A store that is being made has none yet."""
        if self._secret_fits or not self._has_info(tx):
            return
        row = tx.row("SELECT secret_check FROM store_info WHERE id = 1")
        if row is None:
            return
        if row.secret_check != secret_check(self.secret):
            raise Refused("other_secret", home=str(self.home))
        self._secret_fits = True

    def _has_info(self, tx: Tx) -> bool:
        if tx.postgres:
            return tx.row("SELECT to_regclass('store_info') IS NOT NULL AS there").there
        return tx.row("SELECT count(*) AS there FROM sqlite_master WHERE name = 'store_info'").there > 0

    @contextlib.contextmanager
    def reading(self) -> "Generator[Session]":
        """Open a read-only session in one snapshot of the store."""
        from sqlmodel import Session

        if not self._secret_fits:
            with self.looking():
                pass  # opening it compares the secret
        if self._reader is None:
            self._connections.give_back(self._connections.take()[0])  # refuses a store of another release
            self._reader = open_reader(self.url)
        try:
            with Session(self._reader) as session:
                yield session
        except Exception as error:
            ours = translated(error.__cause__ or error, self._connections.place)
            if isinstance(ours, Refused):
                raise ours from error
            raise

    @property
    def simulated(self) -> bool:
        """Return whether the store is simulated: its clock is a row of the store."""
        if self._simulated is None:
            self._simulated = self._simulated_clock() is not None
            if self._simulated:  # its commits need not be synced, for what is lost is simulated again
                self._connections.synced = False
                self._connections.drop_idle()
        return self._simulated

    def now(self) -> datetime:
        """Return the store's time, which each command reads once and passes down (law 4)."""
        if not self.simulated:
            return self.clock().now
        clock = self._simulated_clock()
        assert clock is not None
        return from_micros(clock)

    def _simulated_clock(self) -> int | None:
        row = self._clock_row()
        if row is None:
            raise Refused("no_store", home=str(self.home))
        return row[0]

    def _clock_row(self) -> Any:
        """Read the clock; on SQLite without a transaction around the one query, which costs more than the query."""
        if self.postgres or not self._secret_fits:
            return self.ask(lambda tx: tx.row(CLOCK))
        raw = self._connections.take()[0]
        try:
            row = raw.execute(CLOCK).fetchone()
        except Exception as error:
            raw.close()
            ours = translated(error, self._connections.place)
            if ours is error:
                raise
            raise ours from error
        self._connections.give_back(raw)
        return row

    def plain_host(self) -> str | None:
        """Return the host of the database if it is another machine and nothing is encrypted on the way to it."""
        if not self.postgres:
            return None
        raw = self._connections.begin("BEGIN")
        try:
            return plain_host(raw)
        finally:
            self._connections.undo(raw)

    def close(self) -> None:
        """Close every idle connection, and use the store no more."""
        self._connections.close()
        if self._reader is not None:
            self._reader.dispose()
            self._reader = None
