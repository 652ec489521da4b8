"""What will probably break, as a principal may see it: of the cases that he may read (F4, K1)."""

from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from itertools import islice
from typing import Final

from engine.access.condition import EVERY_CASE, Condition
from engine.access.principal import Principal
from engine.access.scope import cases_in_scope
from engine.store import Store
from forecast.model import Reason
from forecast.present import BATCH, TimerForecast, forecasts, open_timers
from forecast.training import InUse, in_use

SHOWN: Final = 50
"""How many promises are listed where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class ExplainedForecast:
    """A forecast and the fields that speak most for or against a breach."""

    forecast: TimerForecast
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The open promises that will most probably break, the likeliest first, of so many; none without a model."""

    used: InUse
    at: datetime
    listed: list[ExplainedForecast]
    count: int


def forecasts_seen(store: Store, principal: Principal, at: datetime, most: int = SHOWN) -> Forecasts:
    """Return the forecasts of the open promises of the cases that he may read."""
    return _forecasts(store, cases_in_scope(principal, at), at, None, most)


def forecasts_of_case(store: Store, number: str, at: datetime) -> Forecasts:
    """Return the forecasts of the open promises of a case that its reader may read."""
    return _forecasts(store, EVERY_CASE, at, number, SHOWN)


def _forecasts(store: Store, scope: Condition, at: datetime, number: str | None, most: int) -> Forecasts:
    used = in_use(store.home)
    if used.model is None:
        return Forecasts(used, at, [], 0)
    first, count = list[TimerForecast](), 0
    with store.looking() as tx:
        found = forecasts(used.model, open_timers(tx, at, scope, number), at)
        while batch := list(islice(found, BATCH)):
            count += len(batch)
            first = nsmallest(most, [*first, *batch], key=_likeliest_first)
    listed = [ExplainedForecast(each, used.model.reasons(each.timer.situation)) for each in first]
    return Forecasts(used, at, listed, count)


def _likeliest_first(found: TimerForecast) -> tuple[float, int, int]:
    return -found.probability, found.timer.due_at, found.timer.id
