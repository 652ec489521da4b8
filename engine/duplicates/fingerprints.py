"""Writes down by which numbers a case's first words are found again, and finds those that are near (A6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.duplicates.near_text import DEPTH, lanes, likeness, said
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

NEAR = 0.4
"""From here on two texts are near; docs/duplicates.md tells how it was chosen."""
NEWEST = 20
"""So many cases are looked at for one number: what everybody writes must not make a search long."""
COMPARED = 20
"""So many texts are compared, those with the most numbers in common first."""
MOST = 5
"""More cases than these with nearly the same words are a form letter, and no clue."""
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
class Asked:
    """Which cases may be meant: what is said, of which shipment, of which kinds (None: any), not closed before."""

    text: str
    shipment: str | None
    kinds: Collection[str] | None
    since: int

    def means(self, row: Any) -> bool:
        """Whether a case is of the kinds, and not of another shipment: a form letter goes with each of them."""
        other = self.shipment is not None and row.shipment not in {None, self.shipment}
        return not other and (self.kinds is None or row.kind in self.kinds)


def leave_fingerprint(tx: Tx, secret: bytes, case_id: int, text: str) -> None:
    """Write down the numbers of the text with which a case is opened; nothing for one that says too little."""
    if (found := lanes(secret, said(text))) is not None:
        lowest = (lane[0] * SHIFT + case_id if lane else None for lane in found)
        tx.run(INSERT, case_id=case_id, **dict(zip(COLUMNS, lowest, strict=True)))


def near(tx: Tx, secret: bytes, asked: Asked) -> list[Any]:
    """The cases that were opened with nearly the same words, the nearest first, ``MOST`` at the most.

    The index says which share a number, the texts themselves whether they are near. Of a number that very many
    share only the newest cases are looked at: an older one is found by a rarer number, or not.
    """
    close = [(like, row) for like, row in compared(tx, secret, asked) if like >= NEAR]
    return [row for _, row in sorted(close, key=lambda one: (one[0], one[1].id), reverse=True)[:MOST]]


def compared(tx: Tx, secret: bytes, asked: Asked) -> list[tuple[float, Any]]:
    """How near each case is that the index names: ``COMPARED`` at the most, those that share most numbers."""
    words = said(asked.text)
    if (found := lanes(secret, words)) is None:
        return []
    rows = [row for row in tx.rows(OF_TEXT, **_values(found), since=asked.since) if asked.means(row)][:COMPARED]
    texts = tx.rows_among(TEXTS, ids=[row.id for row in rows]) if rows else []
    like = {one.case_id: likeness(words, said(one.content)) for one in texts}
    return [(like[row.id], row) for row in rows if row.id in like]


def _values(found: Sequence[Sequence[int]]) -> dict[str, int]:
    return {
        f"{name}{at}": lane[at] * SHIFT if at < len(lane) else NOTHING
        for name, lane in zip(COLUMNS, found, strict=True)
        for at in range(DEPTH)
    }


def catch_up(store: Store, at: datetime, recently: timedelta) -> int:
    """Write down the numbers of cases that an earlier release opened, the newest first; how many had none.

    Only of those that can still be meant: open, or closed ``recently``. Each transaction takes ``AT_ONCE`` at the most,
    so nobody waits for long; to do it again does no harm.
    """
    done, before = 0, SHIFT
    since = to_micros(at - recently)
    while True:
        with store.writing() as tx:
            # Nobody erases the words between reading them and writing down their numbers.
            missing = f"{MISSING} {tx.skip_locked('s')}"
            rows = tx.rows(missing, before=before, since=since, most=AT_ONCE)
            for row in rows:
                leave_fingerprint(tx, store.secret, row.id, row.content)
        if not rows:
            return done
        done, before = done + len(rows), rows[-1].id
