"""Store fingerprints of the texts of cases, and find cases with near texts by them (A6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.duplicates.near_text import DEPTH, comparable_text, lanes, likeness
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

NEAR = 0.4
"""The likeness from which two texts are near; docs/duplicates.md says how it was chosen."""
NEWEST = 20
"""The number of newest cases examined for one number, so that common phrases do not slow a search."""
COMPARED = 20
"""The number of texts compared, those with the most numbers in common first."""
MOST = 5
"""The most cases returned; more of nearly the same text are a form letter."""
AT_ONCE = 500

SHIFT = 1 << 36
"""A number and a case's id share one BIGINT; see models/fingerprint.py."""
NOTHING = -SHIFT
COLUMNS = ("a", "b", "c", "d")

INSERT = "INSERT INTO fingerprint (case_id, a, b, c, d) VALUES (:case_id, :a, :b, :c, :d) ON CONFLICT DO NOTHING"
_ONE = f"""
SELECT * FROM (
  SELECT {{lane}} & {SHIFT - 1} AS case_id FROM fingerprint
   WHERE {{lane}} >= :{{lane}}{{at}} AND {{lane}} < :{{lane}}{{at}} + {SHIFT} ORDER BY {{lane}} DESC LIMIT {NEWEST}
) AS {{lane}}{{at}}
"""
SHARED = " UNION ALL ".join(_ONE.format(lane=lane, at=at) for lane in COLUMNS for at in range(DEPTH))
OF_TEXT = f"""
SELECT c.id, c.number, c.kind, c.state, c.closed, c.level, c.opened_at, c.shipment
  FROM (SELECT case_id, count(*) AS hits FROM ({SHARED}) AS found GROUP BY case_id) AS shared
  JOIN cases c ON c.id = shared.case_id
 WHERE NOT c.closed OR c.changed_at >= :since ORDER BY shared.hits DESC, c.id DESC
"""
TEXTS = """
SELECT case_id, content FROM statement
 WHERE case_id = ANY(:ids) AND seq = 1 AND field = 'text' AND content IS NOT NULL
"""
MISSING = """
SELECT c.id, s.content FROM cases c JOIN statement s ON s.case_id = c.id AND s.seq = 1 AND s.field = 'text'
 WHERE c.id < :before AND (NOT c.closed OR c.changed_at >= :since) AND s.content IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM fingerprint f WHERE f.case_id = c.id)
 ORDER BY c.id DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What to search for: a text, its shipment, the kinds (None: any), and cases not closed before ``since``."""

    text: str
    shipment: str | None
    kinds: Collection[str] | None
    since: int

    def matches(self, row: Any) -> bool:
        """Return whether a case is of these kinds and not of another shipment."""
        other = self.shipment is not None and row.shipment not in {None, self.shipment}
        return not other and (self.kinds is None or row.kind in self.kinds)


def leave_fingerprint(tx: Tx, secret: bytes, case_id: int, text: str) -> None:
    """Store the fingerprint of the text with which a case is opened; none for a text that is too short."""
    if (numbers := lanes(secret, comparable_text(text))) is not None:
        lowest = (lane[0] * SHIFT + case_id if lane else None for lane in numbers)
        tx.run(INSERT, case_id=case_id, **dict(zip(COLUMNS, lowest, strict=True)))


def near(tx: Tx, secret: bytes, query: TextQuery) -> list[Any]:
    """Return the cases that were opened with nearly the same text, nearest first, at most ``MOST``.

    The index finds cases that share a number; their texts are then compared. For a number that many cases share, only
    the newest are examined: an older one is found by a rarer number, or not at all.
    """
    close = [(like, row.id, row) for like, row in compared(tx, secret, query) if like >= NEAR]
    return [row for _, _, row in sorted(close, reverse=True)[:MOST]]


def compared(tx: Tx, secret: bytes, query: TextQuery) -> list[tuple[float, Any]]:
    """Return the likeness of each case that the index finds: at most ``COMPARED``, those that share most numbers."""
    text = comparable_text(query.text)
    if (numbers := lanes(secret, text)) is None:
        return []
    rows = [row for row in tx.rows(OF_TEXT, **_values(numbers), since=query.since) if query.matches(row)][:COMPARED]
    statements = tx.rows_among(TEXTS, ids=[row.id for row in rows]) if rows else []
    like = {row.case_id: likeness(text, comparable_text(row.content)) for row in statements}
    return [(like[row.id], row) for row in rows if row.id in like]


def _values(numbers: Sequence[Sequence[int]]) -> dict[str, int]:
    return {
        f"{name}{at}": lane[at] * SHIFT if at < len(lane) else NOTHING
        for name, lane in zip(COLUMNS, numbers, strict=True)
        for at in range(DEPTH)
    }


def catch_up(store: Store, at: datetime, recently: timedelta) -> int:
    """Store missing fingerprints, newest case first. Return how many were missing.

    Only cases that are open, or were closed ``recently``, are considered. A transaction takes at most ``AT_ONCE``,
    so that others wait briefly; it may be repeated.
    """
    done, before = 0, SHIFT
    since = to_micros(at - recently)
    while True:
        with store.writing() as tx:
            # Lock the text, so that nobody erases it before its fingerprint is written.
            missing = f"{MISSING} {tx.skip_locked('s')}"
            rows = tx.rows(missing, before=before, since=since, most=AT_ONCE)
            for row in rows:
                leave_fingerprint(tx, store.secret, row.id, row.content)
        if not rows:
            return done
        done, before = done + len(rows), rows[-1].id
