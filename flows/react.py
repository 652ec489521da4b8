"""Delivers waiting outbox events to their reactions in batches; each delivery succeeds or fails alone."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from engine.outbox.deliveries import Ended, Later, Leased, lease, settle
from flows.batch_context import GROUP_LIMIT, BatchContext
from flows.notifications import SUPERVISOR, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import reactions, wanted
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

BATCH = 200
RUN_LIMIT = 5000
"""A run ends after about this many deliveries, so that timers which fall due meanwhile get their turn."""
CONCURRENT_CASES = GROUP_LIMIT
"""Cases that are worked on concurrently: enough to fill a group of moves. Reactions of one case keep their order."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a run delivered: (number, reaction, error's type or None), and the keys of deliveries that are dead now.

    Postponed deliveries are not among them.
    """

    outcomes: tuple[tuple[str, str, str | None], ...]
    dead: tuple[str, ...]

    @property
    def did(self) -> int:
        """How many deliveries were made."""
        return len(self.outcomes)


async def react(work: Work) -> Reacted:
    """Lease and deliver until nothing waits or the run is full. The lease is committed before the work begins."""
    outcomes: list[tuple[str, str, str | None]] = []
    dead: list[str] = []
    while len(outcomes) < RUN_LIMIT:
        batch = await off_loop(lease, work.store, work.name, wanted, await work.now(), BATCH)
        if not batch and not batch.lost:
            break
        results = await _deliver_all(work, batch)
        dead_now = [*batch.lost, *await off_loop(settle, work.store, results, await work.now())]
        await _alert(work, dead_now)
        dead += [leased.key for leased in dead_now]
        made = ((leased, ended) for leased, ended in results if not isinstance(ended, Later))
        outcomes += [(leased.event.number, leased.reaction, error) for leased, error in made]
    return Reacted(tuple(outcomes), tuple(dead))


async def _deliver_all(work: Work, batch: Sequence[Leased]) -> list[tuple[Leased, Ended]]:
    by_case: dict[int, list[Leased]] = {}
    for leased in batch:
        by_case.setdefault(leased.event.case_id, []).append(leased)
    slots, shared = asyncio.Semaphore(CONCURRENT_CASES), BatchContext(work)

    async def one_case(deliveries: list[Leased]) -> list[tuple[Leased, Ended]]:
        async with slots:
            return [(leased, await _deliver(ReactionContext(work, leased, shared))) for leased in deliveries]

    return [result for results in await asyncio.gather(*map(one_case, by_case.values())) for result in results]


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
