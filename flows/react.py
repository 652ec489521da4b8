"""Delivers the moments that wait to their reactions, a batch at a time; each succeeds or fails alone."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from engine.deliveries import Leased, Waiting, lease, settle
from flows.letters import SUPERVISOR, send
from flows.moment import Moment
from flows.reacting import reactions, wanted
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

BATCH = 200
AT_ONCE = 8
"""Cases worked on side by side; the reactions of one case keep their order."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a pass delivered: (number, reaction, error's type or None), and which are dead since."""

    outcomes: tuple[tuple[str, str, str | None], ...]
    dead: tuple[str, ...]

    @property
    def did(self) -> int:
        """How many deliveries were made."""
        return len(self.outcomes)


async def react(work: Work) -> Reacted:
    """Lease and deliver until nothing waits. The lease is committed before the work begins."""
    outcomes: list[tuple[str, str, str | None]] = []
    dead: list[str] = []
    while batch := await off_loop(lease, work.store, work.name, wanted, await work.now(), BATCH):
        results = await _deliver_all(work, batch)
        gone = await off_loop(settle, work.store, results, await work.now())
        await _alert(work, gone)
        dead += [leased.key for leased in gone]
        outcomes += [(leased.happened.number, leased.reaction, error) for leased, error in results]
    return Reacted(tuple(outcomes), tuple(dead))


async def _deliver_all(work: Work, batch: Sequence[Leased]) -> list[tuple[Leased, str | None]]:
    by_case: dict[int, list[Leased]] = {}
    for leased in batch:
        by_case.setdefault(leased.happened.case_id, []).append(leased)
    places = asyncio.Semaphore(AT_ONCE)

    async def one_case(deliveries: list[Leased]) -> list[tuple[Leased, str | None]]:
        async with places:
            return [(leased, await _deliver(work, leased)) for leased in deliveries]

    return [result for results in await asyncio.gather(*map(one_case, by_case.values())) for result in results]


async def _deliver(work: Work, leased: Leased) -> str | None:
    """Run one reaction; its failure is a type without words, for words may be personal."""
    reaction = reactions().get(leased.reaction)
    if reaction is None:
        return "UnknownReaction"
    try:
        await reaction.react(Moment(work, leased))
    except Refused as refused:
        return f"Refused.{refused.code}"
    except Exception as error:  # noqa: BLE001 (it is tried again, and dies with an alert)
        return type(error).__name__
    return None


async def _alert(work: Work, gone: Sequence[Leased]) -> None:
    """A dead delivery is told to the team supervisors; an alert that fails stands in the report still."""
    for leased in gone:
        with contextlib.suppress(Exception):
            await send(Moment(work, leased), SUPERVISOR, "dead", reaction=leased.reaction)


def run_name(waiting: Sequence[Waiting]) -> str:
    """A batch of one is named after its case, step and round."""
    numbers = list(dict.fromkeys(one.number for one in waiting))
    if len(numbers) == 1:
        return f"{numbers[0]} · {waiting[-1].step} · round {waiting[-1].round}"
    return f"{len(numbers)} cases · {numbers[0]} … {numbers[-1]}"
