"""What became of one case of a log, event by event, stored with the case so that a second replay counts the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from engine.ledger.chain import keyed
from engine.transaction import Tx

PREFIX = "replay"
KNOWN = "SELECT case_id, request_hash FROM idempotency_key WHERE key = :key"
KEEP = "INSERT INTO idempotency_key (key, request_hash, case_id, seq) VALUES (:key, :request_hash, :case_id, :seq)"
KEEP_ON = "UPDATE idempotency_key SET request_hash = :request_hash, seq = :seq WHERE key = :key AND case_id = :case_id"
ALL = """
SELECT k.key, k.case_id, c.number, k.request_hash FROM idempotency_key k JOIN cases c ON c.id = k.case_id
 WHERE k.key > :after AND k.key LIKE :like ORDER BY k.key LIMIT 500
"""
ROWS = 100
"""The most rows of the log that are named for each contradiction of a case."""


@dataclass(slots=True)
class ReplayStatistics:
    """The figures of one case. ``refused`` holds for each reason how often, and the first row of the log.

    ``words`` holds for each reason what the log calls the events that were refused for it, and how often.
    ``flags`` holds the rows for each rule that times contradict. The figures from ``reopenings`` on are the log's own,
    whatever our lifecycle made of it; ``sla`` is what it says of its promise at last. The last fields say where a
    reading that was broken off goes on; ``messages`` holds our number of each message that the log numbers.
    """

    digest: str
    bridge: bool
    events: int = 0
    applied: int = 0
    inferred: int = 0
    ignored: dict[str, int] = field(default_factory=dict[str, int])
    refused: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    words: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    flags: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    reopenings: int = 0
    resolutions: int = 0
    after_end: int = 0
    unprepared: bool = False
    self_loops: int = 0
    rework: int = 0
    ping_pong: int = 0
    hand_backs: int = 0
    sla: str = ""
    last_word: str = ""
    last_row: int = 0
    last_at: int | None = None
    stands: str = ""
    worked: str = ""
    stood: list[str] = field(default_factory=list[str])
    ended: bool = False
    departments: list[str] = field(default_factory=list[str])
    messages: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def fits(self) -> bool:
        """Return whether nothing of the case was refused, and nothing had to be inferred."""
        return not self.refused and not self.inferred

    def ignore(self, reason: str) -> None:
        """Count an event that has no meaning for us."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def refuse(self, reason: str, row: int, word: str) -> None:
        """Count an event that was refused."""
        self.refused.setdefault(reason, [0, row])[0] += 1
        words = self.words.setdefault(reason, {})
        words[word] = words.get(word, 0) + 1

    def flag(self, rule: str, row: int) -> None:
        """Name a contradiction."""
        rows = self.flags.setdefault(rule, [])
        if len(rows) < ROWS:
            rows.append(row)

    def text(self) -> str:
        """Return the statistics as they are stored: empty fields are left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return orjson.dumps({name: value for name, value in values.items() if value}).decode()


def tally_of(text: str) -> ReplayStatistics:
    """Return the statistics of a stored text."""
    statistics = ReplayStatistics("", bridge=False)
    for name, value in orjson.loads(text).items():
        setattr(statistics, name, value)
    return statistics


def key_of(secret: bytes, source: str, case: str) -> str:
    """Return the key under which a case of a log is stored; it reveals neither the log nor the case."""
    return f"{_prefix(secret, source)}{keyed(secret, PREFIX, source, case)}"


def _prefix(secret: bytes, source: str) -> str:
    return f"{PREFIX}:{keyed(secret, PREFIX, source)[:16]}:"


def kept(tx: Tx, key: str) -> tuple[int, ReplayStatistics] | None:
    """Return the case that was made of a log's case before, and how far that went."""
    row = tx.row(KNOWN, key=key)
    return None if row is None else (row.case_id, tally_of(row.request_hash))


def keep(tx: Tx, key: str, statistics: ReplayStatistics, case_id: int, seq: int, *, again: bool) -> None:
    """Store how far a case got, in its own transaction; ``again`` if something was stored before."""
    values = {"key": key, "request_hash": statistics.text(), "case_id": case_id, "seq": seq}
    tx.run(KEEP_ON if again else KEEP, **values)


def all_statistics(tx: Tx, secret: bytes, source: str) -> Iterator[tuple[int, str, ReplayStatistics]]:
    """Yield every case that was made of a log: its key, its number, its statistics; read page by page."""
    after = _prefix(secret, source)
    like = f"{after}%"
    while rows := tx.rows(ALL, after=after, like=like):
        for row in rows:
            yield row.case_id, row.number, tally_of(row.request_hash)
        after = rows[-1].key
