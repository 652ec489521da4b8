"""Delivers waiting outbox events to their reactions in batches; each delivery succeeds or fails alone."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from engine.backoff import TRIES, next_try
from engine.outbox.deliveries import Batch, Ended, Later, Leased, lease, settle
from engine.webhooks.fan_out import subscribed
from flows.batch_context import GROUP_LIMIT, BatchContext
from flows.notifications import SUPERVISOR, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import reactions, wanted
from flows.reactions.customer_messages import LOST, send_message, undelivered
from flows.run_text import RunText
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

BATCH = 200
FEW = 20
"""Up to this many deliveries, each is shown as a step of its own."""
CHUNK = 1_000
"""Beyond it, about this many deliveries are one step: showing a step costs as long as some tens of deliveries."""
RUN_LIMIT = 5000
"""A run ends after about this many deliveries, so that timers which fall due meanwhile get their turn."""
CONCURRENT_CASES = GROUP_LIMIT
"""Cases that are worked on concurrently: enough to fill a group of moves. Reactions of one case keep their order."""

Deliver = Callable[[ReactionContext], Awaitable[Ended]]


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a run delivered: (number, reaction, error's type or None), and the keys of deliveries that are dead now.

    Postponed deliveries are not among them. ``cases`` are the numbers of all cases that the run answered.
    """

    outcomes: tuple[tuple[str, str, str | None], ...]
    dead: tuple[str, ...]
    cases: tuple[str, ...] = ()

    @property
    def did(self) -> int:
        """How many deliveries were made."""
        return len(self.outcomes)


async def react(work: Work) -> Reacted:
    """Lease and deliver until nothing waits or the run is full. The lease is committed before the work begins.

    Of a few deliveries each is a step of its own; of many, each chunk is.
    """
    made = _Made()
    while len(made.outcomes) < RUN_LIMIT:
        batch = await _lease(work, made)
        if not batch and not batch.lost:
            break
        if len(batch) <= FEW:
            await _deliver_batch(work, batch, _deliver_as_step, made)
        else:
            await work.step("deliver-chunk", partial(_deliver_chunk, work, batch, made), _chunk_title(batch))
    if not made.outcomes and not made.dead:
        work.log(RunText("log.nothing_waits"))
    return Reacted(tuple(made.outcomes), tuple(made.dead), tuple(made.cases))


async def _lease(work: Work, made: "_Made") -> Batch:
    batch = await off_loop(lease, work.store, work.name, wanted, await work.now(), BATCH, subscribed)
    made.cases |= {event.number: None for event in (*batch.new, *(leased.event for leased in batch))}
    return batch


@dataclass(slots=True)
class _Made:
    """What was made so far; see ``Reacted``. ``cases`` is an ordered set."""

    outcomes: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, str | None]])
    dead: list[str] = field(default_factory=list[str])
    cases: dict[str, None] = field(default_factory=dict[str, None])


async def _deliver_chunk(work: Work, batch: Batch, made: _Made) -> None:
    """Deliver a batch and what waits after it, until there is nothing or the chunk is full."""
    before = len(made.outcomes)
    while batch or batch.lost:
        await _deliver_batch(work, batch, _deliver, made)
        if len(made.outcomes) - before >= CHUNK:
            break
        batch = await _lease(work, made)
    outcomes = made.outcomes[before:]
    failed = sum(error is not None for _, _, error in outcomes)
    work.log(RunText("log.delivered_chunk", count=len(outcomes) - failed, failed=failed), _level(failed > 0))


async def _deliver_batch(work: Work, batch: Batch, deliver: Deliver, made: _Made) -> None:
    """Deliver a leased batch, record how each delivery ended, and log and mail what failed."""
    results = await _deliver_all(work, batch, deliver)
    now = await work.now()
    dead = [*batch.lost, *await off_loop(settle, work.store, results, now)]
    for leased, ended in results:
        if isinstance(ended, str) and leased not in dead:
            _log_failure(work, leased, ended, now)
    for leased in dead:
        work.log(RunText("log.given_up", number=leased.event.number, reaction=leased.reaction), logging.ERROR)
    for leased in batch.lost:  # no reaction ran that could record it
        if leased.reaction == send_message.__name__:
            await undelivered(ReactionContext(work, leased), LOST)
    await _alert(work, dead)
    made.dead += [leased.key for leased in dead]
    ended_now = ((leased, ended) for leased, ended in results if not isinstance(ended, Later))
    made.outcomes += [(leased.event.number, leased.reaction, error) for leased, error in ended_now]


def _log_failure(work: Work, leased: Leased, error: str, now: datetime) -> None:
    """Log what failed and what becomes of it."""
    again = next_try(now, leased.tries)
    text = RunText(
        "log.delivery_failed",
        number=leased.event.number,
        reaction=leased.reaction,
        code=error,
        tries=leased.tries,
        most=TRIES,
        again=again,
    )
    work.log(text, logging.WARNING)


def _level(failed: bool) -> int:
    return logging.WARNING if failed else logging.INFO


def _chunk_title(batch: Batch) -> RunText:
    numbers = [leased.event.number for leased in batch]
    return RunText("step.deliver_chunk", first=min(numbers), last=max(numbers))


async def _deliver_all(work: Work, batch: Sequence[Leased], deliver: Deliver) -> list[tuple[Leased, Ended]]:
    by_case: dict[int, list[Leased]] = {}
    for leased in batch:
        by_case.setdefault(leased.event.case_id, []).append(leased)
    slots, shared = asyncio.Semaphore(CONCURRENT_CASES), BatchContext(work)

    async def one_case(deliveries: list[Leased]) -> list[tuple[Leased, Ended]]:
        async with slots:
            return [(leased, await deliver(ReactionContext(work, leased, shared))) for leased in deliveries]

    return [result for results in await asyncio.gather(*map(one_case, by_case.values())) for result in results]


async def _deliver_as_step(context: ReactionContext) -> Ended:
    """Deliver as a step of the run. Prefect does not retry it: a failed delivery has its next try in the database."""
    leased = context.leased
    title = RunText("step.deliver", number=leased.event.number, reaction=leased.reaction)
    return await context.work.step("deliver", partial(_deliver_logged, context), title, failure=_error)


async def _deliver_logged(context: ReactionContext) -> Ended:
    ended = await _deliver(context)
    number, reaction = context.number, context.leased.reaction
    if isinstance(ended, Later):
        context.work.log(RunText("log.postponed", number=number, reaction=reaction, until=ended.until))
    elif ended is None:
        context.work.log(RunText("log.delivered", number=number, reaction=reaction))
    return ended


def _error(ended: Ended) -> str | None:
    return ended if isinstance(ended, str) else None


async def _deliver(context: ReactionContext) -> Ended:
    """Run one reaction; return its failure as a type or code, because an error's text may be personal."""
    reaction = reactions().get(context.leased.reaction)
    if reaction is None:
        return "UnknownReaction"
    try:
        await reaction.react(context)
    except Later as later:
        return later
    except Refused as refused:
        return f"Refused.{refused.code}"
    except Exception as error:  # noqa: BLE001 (it is tried again, and ends as a dead letter with an alert)
        return type(error).__name__
    return None


async def _alert(work: Work, dead: Sequence[Leased]) -> None:
    """Mail dead deliveries to the team supervisors; where the mail fails, the morning report still lists them."""
    for leased in dead:
        with contextlib.suppress(Exception):
            await send(ReactionContext(work, leased), SUPERVISOR, "dead", reaction=leased.reaction)
