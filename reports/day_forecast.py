"""Reads which promises will probably break today, and what came true of the forecast of the day before (K1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import from_micros
from reports.current_names import clause_of, state_of
from reports.poisson_binomial import interval

MILLION: Final = 1_000_000
PROBABLY: Final = 0.5
"""From this probability on a promise is listed among those that will probably break."""
OF_DAY = """
SELECT c.number, c.kind, c.state, c.owner, c.department, k.clause, k.closed_at, f.due_at, f.probability,
       CASE WHEN EXISTS (
         SELECT 1 FROM escalation_step s WHERE s.timer_id = k.id AND s.percent >= 100 AND s.due_at <= f.due_at
       ) THEN 1 ELSE 0 END AS broke
  FROM day_forecast f JOIN timer k ON k.id = f.timer_id JOIN cases c ON c.id = f.case_id
 WHERE f.day = :day ORDER BY f.probability DESC, f.due_at, f.timer_id
"""
BEFORE = "SELECT max(day) AS day FROM day_forecast WHERE day < :day"


@dataclass(frozen=True, slots=True)
class LikelyBreach:
    """A promise that fell due on the day, its case, and the probability from 0 to 1 that it breaks."""

    number: str
    kind: str
    state: str
    owner: str | None
    department: str | None
    clause: str
    due_at: datetime
    probability: float


@dataclass(frozen=True, slots=True)
class DayForecastFigures:
    """The forecast of a day: of ``due`` promises ``expected`` break, with 90 % between ``low`` and ``high``.

    ``broke`` is how many have broken by now; ``likely`` those that will probably break and have not ended,
    the likeliest first.
    """

    day: str
    due: int
    expected: float
    low: int
    high: int
    broke: int
    likely: tuple[LikelyBreach, ...]


def forecast_of(tx: Tx, at: datetime) -> DayForecastFigures | None:
    """Return the forecast of the local day of an instant; None if none was made."""
    return _figures(tx, _day(at).isoformat())


def forecast_before(tx: Tx, at: datetime) -> DayForecastFigures | None:
    """Return the last forecast before the local day of an instant; None if there is none."""
    last = tx.row(BEFORE, day=_day(at).isoformat()).day
    return None if last is None else _figures(tx, last)


def _day(at: datetime) -> date:
    return at.astimezone(reader_zone()).date()


def _figures(tx: Tx, day: str) -> DayForecastFigures | None:
    rows: Sequence[Any] = tx.rows(OF_DAY, day=day)
    if not rows:
        return None
    probabilities = [row.probability / MILLION for row in rows]
    probably = (row for row in rows if row.probability >= PROBABLY * MILLION and row.closed_at is None)
    likely = tuple(map(_likely, probably))
    expected, broke = sum(probabilities), sum(row.broke for row in rows)
    return DayForecastFigures(day, len(rows), expected, *interval(probabilities), broke, likely)


def _likely(row: Any) -> LikelyBreach:
    return LikelyBreach(
        row.number, row.kind, state_of(row.kind, row.state), row.owner, row.department, clause_of(row.kind, row.clause),
        from_micros(row.due_at), row.probability / MILLION,
    )  # fmt: skip
