"""Keeps what was forecast of the promises that fall due on a day: once for each day, for two months (K1).

The first forecast of a day stands. A night that is killed, repeated or made twice at once adds nothing to it, so that
it can be compared with what came true.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from engine.transaction import Tx

KEPT: Final = timedelta(days=60)
PUT = """
INSERT INTO day_forecast (day, timer_id, case_id, made_at, due_at, probability, model)
VALUES (:day, :timer_id, :case_id, :made_at, :due_at, :probability, :model) ON CONFLICT DO NOTHING
"""
ANY = "SELECT 1 AS one FROM day_forecast WHERE day = :day LIMIT 1"
FORGET = "DELETE FROM day_forecast WHERE day < :before"


def has_forecasts(tx: Tx, day: date) -> bool:
    """Return whether a day has forecasts."""
    return tx.row(ANY, day=day.isoformat()) is not None


def keep_forecasts(tx: Tx, day: date, rows: Sequence[dict[str, Any]]) -> int:
    """Keep the forecasts of a day, by column, unless it has some; forget old ones. Return how many are kept."""
    if has_forecasts(tx, day):
        return 0
    tx.run(FORGET, before=(day - KEPT).isoformat())
    return tx.run_all(PUT, [{"day": day.isoformat(), **row} for row in rows])
