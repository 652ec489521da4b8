"""One tick does all that is due now: arrivals, timers, callbacks, outbox events, queued mails, webhooks.

Driver and simulation share it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from engine.clock_doubt import refuse_doubtful_clock
from engine.commands.arrivals import take_due
from engine.commands.reprojection import Reprojected, reproject_due
from engine.escalation.fire import due_cases
from engine.outbox.waiting_deliveries import peek, peek_webhooks
from engine.runs import Done, keep
from engine.store import Store
from engine.timers.next_due import look
from flows.duty_alerts import climb_alerts
from flows.fire_timers import fire_timers
from flows.mailing import send_queued
from flows.nights.care import send_greetings
from flows.nights.plan_callbacks import make_calls
from flows.notice_digests import queue_digests
from flows.prefect_ui import run_names
from flows.prefect_ui.run_names import CALL_CUSTOMERS, FIRE_TIMERS, REACT, SEND_WEBHOOKS
from flows.react import react
from flows.run_info import RunInfo, RunResult
from flows.webhooks import send_webhooks
from flows.work import Unobserved, Work, off_loop
from models.columns import to_micros

P = ParamSpec("P")
T = TypeVar("T")

PREFECT_AWAY = "prefect_away"
"""The reason recorded for work that ran unobserved although an observer was set."""


async def drain(work: Work, *, webhooks: bool = True) -> int:
    """Tick until nothing is due; returns how much was done."""
    done = 0
    while did := await tick(work, webhooks=webhooks):
        done += did
    return done


async def tick(work: Work, *, webhooks: bool = True) -> int:
    """Do what is due now, each kind of work observed as one run; returns how much was done.

    Without ``webhooks`` those are left to ``send_due_webhooks``, so that a slow receiver delays nothing else.

    Raises ``Refused('clock_jumped' | 'clock_differs')``: by a wrong clock nothing is due.
    """
    await off_loop(refuse_doubtful_clock, work.store)
    now = await work.now()
    due = await off_loop(look, work.store)
    did = 0
    if _due(due.arrival, now):
        # All arrivals before any timer: a reply in the next batch may meet the timer.
        while arrived := await off_loop(take_due, work.store, now):
            did += len(arrived)
    if _due(due.rules, now):
        did += await _reproject(work, now)
    if _due(due.timer, now) and await off_loop(partial(due_cases, work.store, now, strict=True)):
        did += await _fire(work, now)
    if _due(due.callback, now):
        did += await _call(work, now)
    if did or due.outbox_event is not None or _due(due.delivery, now):
        did += await _react(work, now)
    if _due(due.mail, now):
        did += await climb_alerts(work)
        did += await queue_digests(work)
        did += await send_queued(work)
        did += await send_greetings(work)
    if webhooks and _due(due.webhook, now):
        did += await send_due_webhooks(work)
    return did


async def send_due_webhooks(work: Work) -> int:
    """Send the webhooks that are due, observed as one run; returns how many were tried.

    Raises ``Refused('clock_jumped' | 'clock_differs')``.
    """
    await off_loop(refuse_doubtful_clock, work.store)
    now = await work.now()
    waiting = await off_loop(peek_webhooks, work.store, now)
    if not waiting:
        return 0
    run_info = await _describe(work, SEND_WEBHOOKS, run_names.webhooks, now, waiting)
    return (await observe(work, run_info, send_webhooks)).result.did


def _due(at: int | None, now: datetime) -> bool:
    return at is not None and at <= to_micros(now)


async def reproject(work: Work) -> Reprojected:
    """Bring open timers under the rules that are in force now."""
    return await off_loop(reproject_due, work.store, await work.now())


async def _reproject(work: Work, now: datetime) -> int:
    return (await observe(work, run_names.rules(work.locale, now), reproject)).result.did


async def _fire(work: Work, now: datetime) -> int:
    run_info = await _describe(work, FIRE_TIMERS, run_names.sweep, now)
    return (await observe(work, run_info, fire_timers)).result.did


async def _call(work: Work, now: datetime) -> int:
    run_info = await _describe(work, CALL_CUSTOMERS, run_names.calls, now)
    return (await observe(work, run_info, make_calls)).result.did


async def _react(work: Work, now: datetime) -> int:
    waiting = await off_loop(peek, work.store, now)
    if not waiting:
        return 0
    run_info = await _describe(work, REACT, run_names.reaction, now, waiting)
    return (await observe(work, run_info, react)).result.did


async def _describe(
    work: Work,
    flow: str,
    describe: Callable[Concatenate[Store, str, datetime, P], RunInfo],
    now: datetime,
    *args: P.args,
    **kwargs: P.kwargs,
) -> RunInfo:
    """Describe a run; without an observer nobody reads it."""
    if isinstance(work.observer, Unobserved):
        return RunInfo(flow, flow)
    return await off_loop(describe, work.store, work.locale, now, *args, **kwargs)


async def observe(work: Work, run_info: RunInfo, body: Callable[[Work], Awaitable[T]]) -> RunResult[T]:
    """Run the body, observed if Prefect answers; record a run that should have been observed and was not."""
    began = await work.now()
    result = await work.observer.run(run_info, work, body)
    if not result.observed and not isinstance(work.observer, Unobserved):
        did = getattr(result.result, "did", 0)
        done = Done(run_info.flow, began, await work.now(), observed=False, did=did, why=PREFECT_AWAY)
        await off_loop(keep, work.store, done)
    return result
