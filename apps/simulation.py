"""Runs a simulated store: its clock steps through every due instant, arrival, act of the staff and night."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from engine.create_store import set_clock
from engine.timers.next_due import look
from flows.scheduled_work import watch_scheduled
from flows.tick import drain
from flows.work import Unobserved, Work, off_loop
from gateways.schedule import Scheduled, business_schedule
from reports.morning_report import MorningReport

MICROSECOND = timedelta(microseconds=1)
Progress = Callable[[datetime], None]


class Cast(Protocol):
    """The people who act in a simulation: they make moves at given times."""

    def next_act(self) -> datetime | None:
        """Return when somebody acts next."""
        ...

    def act(self, work: Work, now: datetime) -> int:
        """Make the moves that are due; returns how many."""
        ...


class Nobody:
    """The cast of a simulation in which nobody acts."""

    def next_act(self) -> datetime | None:
        return None

    def act(self, work: Work, now: datetime) -> int:
        return 0


@dataclass
class Lived:
    """What happened in a stretch of simulated time."""

    instants: int = 0
    did: int = 0
    acts: int = 0
    nights: int = 0
    unseen: int = 0
    nights_by_name: dict[str, int] = field(default_factory=dict[str, int])
    busiest: MorningReport | None = None

    def document(self) -> dict[str, object]:
        """Return the figures for programs."""
        names = ("instants", "did", "acts", "nights", "unseen", "nights_by_name")
        return {name: getattr(self, name) for name in names}


async def run_until(work: Work, until: datetime, cast: Cast | None = None, progress: Progress | None = None) -> Lived:
    """Step the clock through everything that is due up to ``until``, and leave it at ``until``."""
    cast = cast or Nobody()
    lived = Lived()
    now = await work.now()
    lived.did += await drain(work)
    plans = {plan: plan.after(now) for plan in business_schedule()}
    while (instant := await _next(work, now, cast, plans.values())) <= until:
        now = max(now, instant)
        await off_loop(set_clock, work.store, now)
        await _step(work, cast, plans, now, lived)
        if progress is not None:
            progress(now)
    await off_loop(set_clock, work.store, until)
    return lived


async def _next(work: Work, now: datetime, cast: Cast, nights: Iterable[datetime]) -> datetime:
    due = await off_loop(look, work.store, now)
    instants = [due.next(), cast.next_act(), *nights]
    return min(instant for instant in instants if instant is not None)


async def _step(work: Work, cast: Cast, plans: dict[Scheduled, datetime], now: datetime, lived: Lived) -> None:
    lived.instants += 1
    lived.acts += await off_loop(cast.act, work, now)
    lived.did += await drain(work)
    for plan, due in plans.items():
        if due <= now:
            await _night(work, plan.name, lived)
            plans[plan] = plan.after(now)
            lived.did += await drain(work)


async def _night(work: Work, name: str, lived: Lived) -> None:
    result = await watch_scheduled(work, name)
    lived.nights += 1
    lived.unseen += not result.observed and not isinstance(work.observer, Unobserved)
    if isinstance(result.result, MorningReport) and _news(result.result) > _news(lived.busiest):
        lived.busiest = result.result
    lived.nights_by_name[name] = lived.nights_by_name.get(name, 0) + 1


def _news(report: MorningReport | None) -> int:
    """Return how many lines a morning report lists."""
    return len(report.late) + len(report.callbacks) if report else -1
