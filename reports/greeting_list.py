"""Lists greetings and withdrawals of a period one by one, and counts them by month (D3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from engine.access.condition import Condition
from engine.transaction import Tx
from models.columns import from_micros
from reports.care import CareFigures, care_figures_in
from reports.indicators.periods import Period, last_over

MOST: Final = 200
"""The most lines of a list."""
CASE = """
(SELECT c.number FROM cases c JOIN party q ON q.id = c.party_id
  WHERE (q.id = coalesce(p.person_id, p.id) OR q.person_id = coalesce(p.person_id, p.id)) AND ({scope})
  ORDER BY c.id DESC LIMIT 1)
"""
GREETINGS = """
SELECT {case} AS number, g.occasion, coalesce(g.outcome, 'waiting') AS outcome, g.reason, g.queued_at, g.settled_at
  FROM care_greeting g JOIN party p ON p.id = g.party_id
 WHERE g.queued_at >= :since AND g.queued_at < :until AND (:outcome = '' OR coalesce(g.outcome, 'waiting') = :outcome)
 ORDER BY g.queued_at DESC, g.party_id, g.occasion LIMIT :most
"""
WITHDRAWALS = """
SELECT {case} AS number, k.source, k.at FROM care_consent k JOIN party p ON p.id = k.party_id
 WHERE NOT k.given AND k.at >= :since AND k.at < :until ORDER BY k.id DESC LIMIT :most
"""


class GreetingOutcome(StrEnum):
    """What became of a greeting."""

    WAITING = "waiting"
    SENT = "sent"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class GreetingLine:
    """A greeting; ``number`` is the newest case of its customer that the reader may read, None where there is none."""

    number: str | None
    occasion: str
    outcome: GreetingOutcome
    reason: str | None
    queued_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A customer withdrew: how and when; ``number`` as in ``GreetingLine``."""

    number: str | None
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GreetingsOfPeriod:
    """The figures of a period and of its months, and its newest greetings and withdrawals, 200 of each at most."""

    period: Period
    total: CareFigures
    months: Sequence[tuple[Period, CareFigures]]
    greetings: Sequence[GreetingLine]
    withdrawals: Sequence[Withdrawal]


def greetings_of(
    tx: Tx, period: Period, zone: ZoneInfo, as_of: int, scope: Condition, outcome: GreetingOutcome | None = None
) -> GreetingsOfPeriod:
    """Return the greetings of a period; those that are listed perhaps of one outcome only."""
    figures = {each: care_figures_in(tx, each.begins(zone), each.ends(zone), as_of) for each in months_of(period)}
    total = care_figures_in(tx, period.begins(zone), period.ends(zone), as_of)
    case = CASE.format(scope=scope.sql)
    span = {"since": period.begins(zone), "until": period.ends(zone), "most": MOST, **scope.values}
    greetings = tx.rows(GREETINGS.format(case=case), outcome=outcome or "", **span)
    withdrawals = tx.rows(WITHDRAWALS.format(case=case), **span)
    return GreetingsOfPeriod(
        period,
        total,
        list(figures.items()),
        [
            GreetingLine(row.number, row.occasion, GreetingOutcome(row.outcome), row.reason, from_micros(row.queued_at),
                         None if row.settled_at is None else from_micros(row.settled_at))
            for row in greetings
        ],
        [Withdrawal(row.number, row.source, from_micros(row.at)) for row in withdrawals],
    )  # fmt: skip


def months_of(period: Period) -> list[Period]:
    """Return the months of a period."""
    last = last_over(period.after, 1)
    return [last.before(number) for number in range(period.months - 1, -1, -1)]
