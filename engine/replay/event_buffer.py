"""Sorts the events of a log on disk: added in the log's order, read case by case, each case in its own order."""

import hmac
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

import orjson

from models.columns import to_micros
from models.log_event import LogEvent, MappedEvent

BATCH = 2_000
RECENT = 10_000
"""How many cases' earliest events are kept in memory; for others the database is asked."""

TABLES = """
CREATE TABLE event (log_case TEXT, k1 REAL, k2 REAL, k3 REAL, row INTEGER, place INTEGER, at INTEGER, step BLOB);
CREATE TABLE opening (log_case TEXT PRIMARY KEY, k1 REAL, k2 REAL, k3 REAL, contact BLOB) WITHOUT ROWID;
CREATE TABLE stray (row INTEGER, code TEXT);
"""
PUT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
PUT_OPENING = """
INSERT INTO opening VALUES (?, ?, ?, ?, ?) ON CONFLICT (log_case) DO UPDATE
   SET k1 = excluded.k1, k2 = excluded.k2, k3 = excluded.k3, contact = excluded.contact
 WHERE (excluded.k1, excluded.k2, excluded.k3) < (k1, k2, k3)
"""
SORTED = """
CREATE INDEX event_turn ON event (log_case, k1, k2, k3, row);
CREATE TABLE turn AS SELECT log_case, min(at) AS first, count(*) AS n, min(row) AS row FROM event GROUP BY log_case;
"""
TURNS = "SELECT log_case, first, n FROM turn ORDER BY first IS NULL, first, row"
LINES = """
SELECT row, place, at, step FROM event WHERE log_case = ? ORDER BY k1, k2, k3, row LIMIT ? OFFSET ?
"""


class Line(NamedTuple):
    """An event in its order. Instants are microseconds; ``refused`` is the code of what could not be read.

    ``row`` counts the events of the log, ``place`` is the row of the file. ``marks`` holds what few logs say of an
    event: ``inferred``, ``sla`` ("kept" or "broken"), and ``seq``, its number in the log.
    """

    row: int
    place: int
    at: int | None
    word: str
    move: str
    state: str
    ignored: str
    refused: str
    also: Sequence[str]
    form: Mapping[str, Any]
    fill: Mapping[str, Any]
    department: str | None
    flags: Sequence[str]
    marks: Mapping[str, Any] = MappingProxyType({})


class LoggedCase(NamedTuple):
    """A case of the log: its id there, its first instant (None where no event has one), and its count of events."""

    case: str
    first: int | None
    events: int


class EventBuffer:
    """A log between reading and replaying, in an unlinked file of ``folder`` that ends with the process."""

    def __init__(self, folder: Path) -> None:
        """Begin empty. Memory stays flat however long the log is; the file takes about what the plain log takes."""
        with tempfile.NamedTemporaryFile(dir=folder, prefix="replay-", delete=False) as made:
            place = Path(made.name)
        self._raw = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.executescript(TABLES)
        self._raw.execute("BEGIN")
        place.unlink()
        self._waiting: list[tuple[Any, ...]] = []
        self._recent: dict[str, tuple[float, ...]] = {}
        self._digested = ("", "")
        self.events = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._raw.close()

    def add(self, step: MappedEvent, order: Sequence[float]) -> None:
        """Add an event with its meaning. ``order`` has at most three parts; the row decides among equals."""
        meaning = (step.move, step.state, step.ignored, "unknown_word" if step.unknown else "", step.also)
        marks = {"inferred": step.inferred, "sla": step.sla, "seq": step.seq}
        self._put(step.event, order, meaning, step.form, step.fill, step.department, marks)

    def refuse(self, event: LogEvent, code: str, order: Sequence[float]) -> None:
        """Add an event that cannot be understood."""
        self._put(event, order, ("", "", "", code, ()), {}, {}, None)

    def stray(self, row: int, code: str) -> None:
        """Count an event that belongs to no case."""
        self.events += 1
        self._raw.execute("INSERT INTO stray VALUES (?, ?)", (row, code))

    def is_earlier(self, case: str, order: Sequence[float]) -> bool:
        """Return whether an event may be the first of its case, so that the opening is to be read from it."""
        known = self._recent.get(case)
        if known is not None and tuple(order) >= known:
            return False
        if len(self._recent) >= RECENT:
            self._recent.clear()
        self._recent[case] = tuple(order)
        return True

    def open(self, case: str, order: Sequence[float], contact: Mapping[str, Any]) -> None:
        """Keep the contents of a case's first contact, unless those of an earlier event are kept."""
        self._raw.execute(PUT_OPENING, (case, *_three(order), orjson.dumps(contact)))

    def _put(
        self,
        event: LogEvent,
        order: Sequence[float],
        meaning: Any,
        form: Any,
        fill: Any,
        where: str | None,
        marks: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.events += 1
        at = to_micros(event.at) if event.at is not None else None
        marked = {name: value for name, value in marks.items() if value}
        packed = orjson.dumps((event.word, *meaning, form, fill, where, event.flags, *([marked] if marked else ())))
        self._waiting.append((event.case, *_three(order), event.row, event.place or event.row, at, packed))
        if len(self._waiting) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._raw.executemany(PUT, self._waiting)
        self._waiting.clear()

    def sort(self) -> int:
        """Sort the log, which was read to its end; return how many cases there are."""
        self._flush()
        self._raw.executescript(SORTED)
        return self._raw.execute("SELECT count(*) FROM turn").fetchone()[0]

    def strays(self) -> list[tuple[str, int, int]]:
        """Return what belongs to no case: code, how often, the first row."""
        return self._raw.execute("SELECT code, count(*), min(row) FROM stray GROUP BY code ORDER BY code").fetchall()

    def turns(self) -> Iterator[LoggedCase]:
        """Yield the cases by their first instant; those without any come last."""
        for row in self._raw.execute(TURNS):
            yield LoggedCase(*row)

    def opening(self, case: str) -> dict[str, Any]:
        """Return the contents of a case's first contact."""
        row = self._raw.execute("SELECT contact FROM opening WHERE log_case = ?", (case,)).fetchone()
        return orjson.loads(row[0]) if row else {}

    def digest(self, secret: bytes, case: str) -> str:
        """Return an HMAC of all contents of a case's events, in order."""
        if self._digested[0] != case:
            digest = hmac.new(secret, digestmod="sha256")
            for _, _, at, packed in self._raw.execute(LINES, (case, -1, 0)):
                digest.update(b"%d|%s" % (at or 0, packed))
            self._digested = (case, digest.hexdigest())
        return self._digested[1]

    def lines(self, case: str, begin: int, most: int) -> Iterator[Line]:
        """Yield at most ``most`` events of a case in their order, from the ``begin``-th (counted from 0) on."""
        for row, place, at, packed in self._raw.execute(LINES, (case, most, begin)):
            word, *others = orjson.loads(packed)
            yield Line(row, place, at, word, *others)


def _three(order: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(order[n] if n < len(order) else None for n in range(3))
