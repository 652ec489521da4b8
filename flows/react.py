"""Delivers the moments that wait to their reactions, a batch at a time; each succeeds or fails alone."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from engine.outbox.deliveries import Ended, Later, Leased, lease, settle
from flows.batch_context import BatchContext
from flows.data_loader import MOST
from flows.notifications import SUPERVISOR, send
from flows.reaction_context import ReactionContext
from flows.reaction_registry import reactions, wanted
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

BATCH = 200
A_RUN = 5000
"""About so many one run delivers: then clocks that fall due meanwhile have their turn, and the next run its name."""
AT_ONCE = MOST
"""Cases worked on side by side: enough to fill a group of moves. The reactions of one case keep their order."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a pass delivered: (number, reaction, error's type or None), and which are dead since.

    What waits for its hour was not delivered.
    """

    outcomes: tuple[tuple[str, str, str | None], ...]
    dead: tuple[str, ...]

    @property
    def did(self) -> int:
        """How many deliveries were made."""
        return len(self.outcomes)


async def react(work: Work) -> Reacted:
    """Lease and deliver until nothing waits, or a run is full. The lease is committed before the work begins."""
    outcomes: list[tuple[str, str, str | None]] = []
    dead: list[str] = []
    while len(outcomes) < A_RUN:
        batch = await off_loop(lease, work.store, work.name, wanted, await work.now(), BATCH)
        if not batch and not batch.lost:
            break
        results = await _deliver_all(work, batch)
        gone = [*batch.lost, *await off_loop(settle, work.store, results, await work.now())]
        await _alert(work, gone)
        dead += [leased.key for leased in gone]
        made = ((leased, ended) for leased, ended in results if not isinstance(ended, Later))
        outcomes += [(leased.happened.number, leased.reaction, error) for leased, error in made]
    return Reacted(tuple(outcomes), tuple(dead))


async def _deliver_all(work: Work, batch: Sequence[Leased]) -> list[tuple[Leased, Ended]]:
    by_case: dict[int, list[Leased]] = {}
    for leased in batch:
        by_case.setdefault(leased.happened.case_id, []).append(leased)
    places, company = asyncio.Semaphore(AT_ONCE), BatchContext(work)

    async def one_case(deliveries: list[Leased]) -> list[tuple[Leased, Ended]]:
        async with places:
            return [(leased, await _deliver(ReactionContext(work, leased, company))) for leased in deliveries]

    return [result for results in await asyncio.gather(*map(one_case, by_case.values())) for result in results]


async def _deliver(context: ReactionContext) -> Ended:
    """Run one reaction; its failure is a type without words, for words may be personal."""
    reaction = reactions().get(context.leased.reaction)
    if reaction is None:
        return "UnknownReaction"
    try:
        await reaction.react(context)
    except Later as later:
        return later
    except Refused as refused:
        return f"Refused.{refused.code}"
    except Exception as error:  # noqa: BLE001 (it is tried again, and dies with an alert)
        return type(error).__name__
    return None


async def _alert(work: Work, gone: Sequence[Leased]) -> None:
    """A dead delivery is told to the team supervisors; an alert that fails stands in the report still."""
    for leased in gone:
        with contextlib.suppress(Exception):
            await send(ReactionContext(work, leased), SUPERVISOR, "dead", reaction=leased.reaction)
