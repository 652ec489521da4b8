"""One pass over all that is due now: arrivals, clocks, callbacks, moments. Driver and simulation share it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from engine import rungs
from engine.agenda import look
from engine.arrivals import take_due
from engine.deliveries import peek
from engine.runs import Done, keep
from flows import fire_clocks as clocks
from flows import react as reacting
from flows.plan_callbacks import make_calls
from flows.sight import Seen, Sight, Unobserved
from flows.wording import when
from flows.work import Work, off_loop
from models.columns import to_micros

T = TypeVar("T")

PREFECT_AWAY = "prefect_away"
"""Why work that should have been observed was not."""
NAMED = 20
"""How many cases a run names in its parameters."""


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
    if _due(agenda.clock, now):
        did += await _fire(work, now)
    if _due(agenda.callback, now):
        sight = Sight("call-customers", f"callbacks · {when(now)}", ("closeloop", "callbacks"))
        did += (await seen(work, sight, lambda: make_calls(work))).result.did
    if did or agenda.moment is not None or _due(agenda.delivery, now):
        did += await _react(work, now)
    return did


def _due(at: int | None, now: datetime) -> bool:
    return at is not None and at <= to_micros(now)


async def _fire(work: Work, now: datetime) -> int:
    numbers = await off_loop(rungs.peek, work.store, now)
    sight = Sight("fire-clocks", clocks.run_name(numbers), ("closeloop", "clocks"), {"cases": numbers[:NAMED]})
    return (await seen(work, sight, lambda: clocks.fire_clocks(work), _ledger(work))).result.did


async def _react(work: Work, now: datetime) -> int:
    waiting = await off_loop(peek, work.store, now)
    if not waiting:
        return 0
    steps = tuple(sorted({one.step for one in waiting}))
    numbers = list(dict.fromkeys(one.number for one in waiting))
    tags = ("closeloop", *sorted({one.kind for one in waiting}), *steps)
    sight = Sight("react", reacting.run_name(waiting), tags, {"cases": numbers[:NAMED]})
    return (await seen(work, sight, lambda: reacting.react(work))).result.did


async def seen(
    work: Work,
    sight: Sight,
    body: Callable[[], Awaitable[T]],
    leave: Callable[[T], Awaitable[None]] | None = None,
) -> Seen[T]:
    """Run the body observed if Prefect is there, plain if not; what ran unseen is written down."""
    began = await work.now()
    what = await work.observer.run(sight, body, leave)
    if not what.observed and not isinstance(work.observer, Unobserved):
        did = getattr(what.result, "did", 0)
        done = Done(sight.flow, began, await work.now(), observed=False, did=did, why=PREFECT_AWAY)
        await off_loop(keep, work.store, done)
    return what


def _ledger(work: Work) -> Callable[[clocks.Swept], Awaitable[None]]:
    async def leave(swept: clocks.Swept) -> None:
        from flows.artifacts import leave_ledger

        await leave_ledger(work, swept)

    return leave


def leaving(work: Work) -> Callable[[object], Awaitable[None]]:
    """What scheduled work leaves in its run."""

    async def leave(result: object) -> None:
        from flows.artifacts import leave_scheduled

        await leave_scheduled(work, result)

    return leave
