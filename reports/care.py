"""Counts greetings (D3): sent, withheld with the reason, and how many customers agree or have withdrawn."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from engine.care.greetings import SENT
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros

WAITING = "waiting"
GREETINGS = """
SELECT g.occasion, g.outcome, g.reason, count(*) AS n
  FROM (SELECT occasion, CASE WHEN settled_at <= :as_of THEN outcome END AS outcome,
               CASE WHEN settled_at <= :as_of THEN reason END AS reason
          FROM care_greeting WHERE queued_at >= :since AND queued_at < :until AND queued_at <= :as_of) g
 GROUP BY g.occasion, g.outcome, g.reason
"""
ANSWERS = """
SELECT a.given, count(*) AS n
  FROM (SELECT k.given, row_number() OVER (PARTITION BY coalesce(p.person_id, p.id) ORDER BY k.id DESC) AS nth
          FROM care_consent k JOIN party p ON p.id = k.party_id WHERE k.at < :until AND k.at <= :as_of) a
 WHERE a.nth = 1 GROUP BY a.given
"""
WITHDRAWN = """
SELECT count(*) AS n FROM care_consent WHERE NOT given AND at >= :since AND at < :until AND at <= :as_of
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

    @property
    def sent(self) -> int:
        """Return how many greetings were sent."""
        return sum(each.sent for each in self.occasions)

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return sum(each.waiting for each in self.occasions)

    @property
    def withheld(self) -> int:
        """Return how many were withheld."""
        return sum(each.withheld.total() for each in self.occasions)


def care_figures(store: Store, since: datetime, until: datetime) -> CareFigures:
    """Return the figures of the greetings that were queued in ``[since, until)``."""
    with store.looking() as tx:
        return care_figures_in(tx, to_micros(since), to_micros(until), to_micros(store.now()))


def care_figures_in(tx: Tx, since: int, until: int, as_of: int) -> CareFigures:
    """Return the figures of ``[since, until)`` by what had happened at an instant, all in microseconds."""
    span = {"since": since, "until": until, "as_of": as_of}
    rows = tx.rows(GREETINGS, **span)
    answers = {bool(row.given): row.n for row in tx.rows(ANSWERS, until=until, as_of=as_of)}
    by_outcome = {occasion: Counter[str]() for occasion in sorted({row.occasion for row in rows})}
    withheld = {occasion: Counter[str]() for occasion in by_outcome}
    for row in rows:
        by_outcome[row.occasion][row.outcome or WAITING] += row.n
        if row.reason is not None:
            withheld[row.occasion][row.reason] += row.n
    occasions = [
        OccasionFigures(name, counts[SENT], counts[WAITING], withheld[name]) for name, counts in by_outcome.items()
    ]
    return CareFigures(occasions, answers.get(True, 0), answers.get(False, 0), tx.row(WITHDRAWN, **span).n)
