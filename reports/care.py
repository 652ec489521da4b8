"""Counts greetings (D3): sent, withheld with the reason, and how many customers agree or have withdrawn."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from engine.store import Store
from models.columns import to_micros

GREETINGS = """
SELECT occasion, outcome, reason, count(*) AS n FROM care_greeting
 WHERE queued_at >= :since AND queued_at < :until GROUP BY occasion, outcome, reason
"""
ANSWERS = """
SELECT a.given, count(*) AS n
  FROM (SELECT k.given, row_number() OVER (PARTITION BY coalesce(p.person_id, p.id) ORDER BY k.id DESC) AS nth
          FROM care_consent k JOIN party p ON p.id = k.party_id WHERE k.at < :until) a
 WHERE a.nth = 1 GROUP BY a.given
"""
WITHDRAWN = """
SELECT count(*) AS n FROM care_consent WHERE NOT given AND at >= :since AND at < :until
"""


@dataclass(frozen=True, slots=True)
class OccasionFigures:
    """The greetings of one occasion: how many were sent and wait, and how many were withheld by reason."""

    occasion: str
    sent: int
    waiting: int
    withheld: Counter[str]


@dataclass(frozen=True, slots=True)
class CareFigures:
    """Greetings of a period by occasion, and the customers who agree and do not at its end.

    ``opt_outs`` is how often customers withdrew in the period.
    """

    occasions: list[OccasionFigures]
    agreed: int
    withdrawn: int
    opt_outs: int


def care_figures(store: Store, since: datetime, until: datetime) -> CareFigures:
    """Return the figures of the greetings that were queued in ``[since, until)``."""
    span = {"since": to_micros(since), "until": to_micros(until)}
    with store.looking() as tx:
        rows = tx.rows(GREETINGS, **span)
        answers = {bool(row.given): row.n for row in tx.rows(ANSWERS, until=span["until"])}
        opt_outs = tx.row(WITHDRAWN, **span).n
    by_outcome = {occasion: Counter[str]() for occasion in sorted({row.occasion for row in rows})}
    withheld = {occasion: Counter[str]() for occasion in by_outcome}
    for row in rows:
        by_outcome[row.occasion][row.outcome or "waiting"] += row.n
        if row.reason is not None:
            withheld[row.occasion][row.reason] += row.n
    occasions = [
        OccasionFigures(name, counts["sent"], counts["waiting"], withheld[name]) for name, counts in by_outcome.items()
    ]
    return CareFigures(occasions, answers.get(True, 0), answers.get(False, 0), opt_outs)
