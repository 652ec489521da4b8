"""Forecasts in the morning which of the promises that fall due today will break (K1)."""

from datetime import datetime

from engine.day_forecasts import has_forecasts, keep_forecasts
from engine.store import Store
from flows.run_text import RunText
from flows.work import Work, off_loop
from forecast.present import forecasts, open_timers
from forecast.training import in_use
from locales.zone import reader_zone
from models.columns import to_micros
from reports.board import midnight

MILLION = 1_000_000


async def forecast_day(work: Work) -> None:
    """Keep the forecasts of the day, once; without a model none are made."""
    count = await off_loop(keep_day, work.store, await work.now())
    work.log(RunText("log.forecast", count=count))


def keep_day(store: Store, at: datetime) -> int:
    """Forecast the promises that fall due before midnight; return how many are kept: none if the day has some."""
    used, day = in_use(store.home), at.astimezone(reader_zone()).date()
    if used.model is None:
        return 0
    with store.looking() as tx:
        if has_forecasts(tx, day):
            return 0
        until = to_micros(midnight(at))
        timers = (timer for timer in open_timers(tx, at) if timer.due_at < until)
        rows = [
            {
                "timer_id": found.timer.id,
                "case_id": found.timer.case_id,
                "made_at": to_micros(at),
                "due_at": found.timer.due_at,
                "probability": round(found.probability * MILLION),
                "model": used.model.version,
            }
            for found in forecasts(used.model, timers, at)
        ]
    with store.writing() as tx:
        return keep_forecasts(tx, day, rows)
