"""One pass over all that is due now: arrivals, clocks, callbacks, moments. Driver and simulation share it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from engine.commands.arrivals import take_due
from engine.commands.reprojection import Reprojected, reproject_due
from engine.outbox.deliveries import peek
from engine.runs import Done, keep
from engine.store import Store
from engine.timers.next_due import look
from flows.fire_timers import Swept, fire_timers
from flows.nights.plan_callbacks import Called, make_calls
from flows.prefect_ui import events
from flows.prefect_ui import run_names as window
from flows.prefect_ui.events import Marks
from flows.react import Reacted, react
from flows.run_info import RunInfo, RunResult, Unobserved
from flows.work import Work, off_loop
from models.columns import to_micros

P = ParamSpec("P")
T = TypeVar("T")

PREFECT_AWAY = "prefect_away"
"""Why work that should have been observed was not."""


async def settle(work: Work) -> int:
    """Pass again and again until nothing is due; returns how much was done."""
    done = 0
    while did := await pass_once(work):
        done += did
    return done


async def pass_once(work: Work) -> int:
    """Do what is due now, each kind of work observed as one run; nothing due, no run."""
    now = await work.now()
    agenda = await off_loop(look, work.store)
    did = 0
    if _due(agenda.arrival, now):
        # All of them before any clock: a reply that waits in the next batch may have kept its promise.
        while taken := await off_loop(take_due, work.store, now):
            did += len(taken)
    if _due(agenda.rules, now):
        did += await _reproject(work, now)
    if _due(agenda.timer, now):
        did += await _fire(work, now)
    if _due(agenda.callback, now):
        did += await _call(work, now)
    if did or agenda.outbox_event is not None or _due(agenda.delivery, now):
        did += await _react(work, now)
    return did


def _due(at: int | None, now: datetime) -> bool:
    return at is not None and at <= to_micros(now)


async def _reproject(work: Work, now: datetime) -> int:
    async def body() -> Reprojected:
        return await off_loop(reproject_due, work.store, now)

    return (await seen(work, window.rules(work.locale, now), body)).result.did


async def _fire(work: Work, now: datetime) -> int:
    run_info = await _sight(work, "fire-timers", window.sweep, now)
    return (await seen(work, run_info, lambda: fire_timers(work), _leaving_sweep(work))).result.did


async def _call(work: Work, now: datetime) -> int:
    run_info = await _sight(work, "call-customers", window.calls, now)
    return (await seen(work, run_info, lambda: make_calls(work), _leaving_calls(work))).result.did


async def _react(work: Work, now: datetime) -> int:
    waiting = await off_loop(peek, work.store, now)
    if not waiting:
        return 0
    run_info = await _sight(work, "react", window.reaction, now, waiting)
    since = None if _alone(work) else await off_loop(events.marks, work.store, now)
    return (await seen(work, run_info, lambda: react(work), _leaving_reactions(work, since))).result.did


def _alone(work: Work) -> bool:
    """Whether nobody looks: then no name is made up and nothing is left."""
    return isinstance(work.observer, Unobserved)


async def _sight(
    work: Work,
    flow: str,
    make: Callable[Concatenate[Store, str, datetime, P], RunInfo],
    now: datetime,
    *args: P.args,
    **kwargs: P.kwargs,
) -> RunInfo:
    if _alone(work):
        return RunInfo(flow, flow)
    return await off_loop(make, work.store, work.locale, now, *args, **kwargs)


async def seen(
    work: Work,
    run_info: RunInfo,
    body: Callable[[], Awaitable[T]],
    leave: Callable[[T], Awaitable[None]] | None = None,
) -> RunResult[T]:
    """Run the body observed if Prefect is there, plain if not; what ran unseen is written down."""
    began = await work.now()
    what = await work.observer.run(run_info, body, leave)
    if not what.observed and not isinstance(work.observer, Unobserved):
        did = getattr(what.result, "did", 0)
        done = Done(run_info.flow, began, await work.now(), observed=False, did=did, why=PREFECT_AWAY)
        await off_loop(keep, work.store, done)
    return what


def _leaving_sweep(work: Work) -> Callable[[Swept], Awaitable[None]]:
    async def leave(swept: Swept) -> None:
        from flows.prefect_ui.artifacts import leave_sweep

        await leave_sweep(work, swept)

    return leave


def _leaving_calls(work: Work) -> Callable[[Called], Awaitable[None]]:
    async def leave(called: Called) -> None:
        from flows.prefect_ui.artifacts import leave_callbacks

        if called.calls:
            await leave_callbacks(work)

    return leave


def _leaving_reactions(work: Work, since: Marks | None) -> Callable[[Reacted], Awaitable[None]]:
    async def leave(reacted: Reacted) -> None:
        from flows.prefect_ui.artifacts import leave_reactions

        await leave_reactions(work, reacted, since)

    return leave


def leaving(work: Work) -> Callable[[object], Awaitable[None]]:
    """What scheduled work leaves in its run."""

    async def leave(result: object) -> None:
        from flows.prefect_ui.artifacts import leave_scheduled

        await leave_scheduled(work, result)

    return leave
