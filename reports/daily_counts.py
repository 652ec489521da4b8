"""Counts moves day by day: how often each was made in each of the last spans of twenty-four hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.transaction import Tx
from models.columns import MICROSECOND, to_micros
from reports.figures import DAY
from statemachines.kinds import recorded_names

# As in `figures.MOVES`: changed_at bounds the search. The quotient of two whole numbers is whole on both databases.
BY_DAY = """
SELECT t.move, (:until - t.occurred_at) / :length AS ago, count(*) AS n FROM cases c CROSS JOIN transition t
 WHERE c.changed_at > :since AND t.case_id = c.id AND t.move = ANY(:names)
   AND t.occurred_at > :since AND t.occurred_at <= :until GROUP BY t.move, (:until - t.occurred_at) / :length
"""


@dataclass(frozen=True, slots=True)
class DayCounts:
    """How often each move was made in the day that ends at ``until``."""

    until: datetime
    counts: dict[str, int]


def by_day(tx: Tx, names: Sequence[str], until: datetime, days: int) -> list[DayCounts]:
    """Return the counts of the last days, the oldest first; the newest ends at ``until``."""
    current = {old: name for name in names for old in recorded_names("move", name)}
    values = {"since": to_micros(until - days * DAY), "until": to_micros(until), "length": DAY // MICROSECOND}
    found = [dict.fromkeys(names, 0) for _ in range(days)]
    for row in tx.rows_among(BY_DAY, names=list(current), **values):
        found[row.ago][current[row.move]] += row.n
    return [DayCounts(until - ago * DAY, found[ago]) for ago in reversed(range(days))]
