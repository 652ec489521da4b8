"""Find the score that the customer of each completed order gave; every other row is left out with its reason (E2).

A score that was given before the order was completed counts: who waits beyond the promised day is asked then, and
without these answers late orders would look better than they are. How many there are is said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.completed_order import OrderScore, ScoreLeftOut


@dataclass(slots=True)
class Scores:
    """The scores of a file, 1 to 5, by order; how many rows it has, and how many were left out and why.

    ``early`` of those that count were given before their order was completed.
    """

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    early: int = 0
    of_order: dict[str, int] = field(default_factory=dict[str, int])


def scores_of(rows: Iterable[OrderScore], completed: Mapping[str, datetime]) -> Scores:
    """Return the score of each of the ``completed`` orders, which are given with when they were completed."""
    scores = Scores()
    given: dict[str, list[OrderScore]] = {}
    for row in rows:
        scores.rows += 1
        if row.score is None:
            scores.left_out[ScoreLeftOut.UNREADABLE] += 1
        elif row.order not in completed:
            scores.left_out[ScoreLeftOut.NO_ORDER] += 1
        else:
            given.setdefault(row.order, []).append(row)
    for order, alike in given.items():
        [score, *others] = {row.score for row in alike}
        if others or score is None:
            scores.left_out[ScoreLeftOut.CONTRADICTORY] += len(alike)
            continue
        scores.left_out[ScoreLeftOut.REPEATED] += len(alike) - 1
        scores.of_order[order] = score
        scores.early += alike[0].given_at is not None and alike[0].given_at < completed[order]
    scores.left_out = +scores.left_out
    return scores
