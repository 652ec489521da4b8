"""Fires the clocks that have fallen due: reminders, breaches, and the moves a clock makes itself."""

from dataclasses import dataclass

from engine.moves.hand import Fired
from engine.moves.rungs import LAST, fire_due
from flows.nights.parking import tell_parked
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


async def fire_clocks(work: Work, low: int = 0, high: int = LAST) -> Swept:
    """Fire all that is due now, batch after batch, until a batch fires nothing; ``low`` and ``high`` bound case ids."""
    fired: list[Fired] = []
    failed: dict[str, str] = {}
    while True:
        sweep = await off_loop(fire_due, work.store, await work.now(), skip=frozenset(failed), low=low, high=high)
        fired += sweep.fired
        failed |= dict(sweep.failed)
        if not sweep.fired and not sweep.failed:
            break
    if failed:
        await tell_parked(work)
    return Swept(tuple(fired), tuple(failed.items()))
