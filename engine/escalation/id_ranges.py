"""Shares the cases with something due out among several sweepers: disjoint ranges of their ids."""

from dataclasses import dataclass
from datetime import datetime

from engine.escalation.fire import FREE
from engine.store import Store
from models.columns import to_micros

SHARES = f"""
SELECT share, MIN(case_id) AS low, MAX(case_id) AS high, COUNT(*) AS cases FROM (
  SELECT case_id, NTILE(:parts) OVER (ORDER BY case_id) AS share FROM (SELECT DISTINCT k.case_id {FREE}) AS due
) AS shares GROUP BY share ORDER BY share
"""


@dataclass(frozen=True, slots=True)
class Range:
    """Cases by id, ``low`` and ``high`` included; ``cases`` is how many of them have something due."""

    low: int
    high: int
    cases: int


def ranges(store: Store, at: datetime, parts: int) -> list[Range]:
    """Return at most ``parts`` disjoint ranges, in order, that hold every case with something due at ``at``.

    They differ by one case at most. Nothing due, no range. It only narrows: what the cases still owe is asked again by
    whoever fires a range, so a range that is done twice, or by two at once, does nothing the second time.
    """
    with store.looking() as tx:
        rows = tx.rows(SHARES, at=to_micros(at), parts=parts)
    return [Range(row.low, row.high, row.cases) for row in rows]


def made_at(store: Store) -> int:
    """Return when the store was made, in microseconds; a sweeper elsewhere recognises the store by it."""
    with store.looking() as tx:
        return tx.row("SELECT made_at FROM store_info WHERE id = 1").made_at
