"""Fires the clocks that have fallen due: reminders, breaches, and the moves a clock makes itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.hand import Fired
from engine.rungs import fire_due
from flows.work import Work, off_loop


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep fired, and the cases it could not touch with the reason's code."""

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]

    @property
    def did(self) -> int:
        """How many rungs fired."""
        return len(self.fired)


async def fire_clocks(work: Work) -> Swept:
    """Fire all that is due now, batch after batch, until a batch fires nothing."""
    fired: list[Fired] = []
    failed: dict[str, str] = {}
    while True:
        sweep = await off_loop(fire_due, work.store, await work.now(), skip=frozenset(failed))
        fired += sweep.fired
        failed |= dict(sweep.failed)
        if not sweep.fired and not sweep.failed:
            return Swept(tuple(fired), tuple(failed.items()))


def run_name(numbers: Sequence[str]) -> str:
    """A sweep of one is named after its case."""
    if len(numbers) == 1:
        return f"{numbers[0]} · clock"
    return f"{len(numbers)} cases · clocks"
