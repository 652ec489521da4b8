"""Fires the clocks that have fallen due: reminders, breaches, and the moves a clock makes itself."""

from dataclasses import dataclass, field

from engine.commands.plan import Fired
from engine.escalation.fire import BATCH, LAST, Sweep, fire_due
from engine.escalation.sweep import chunks, fire_chunk
from flows.parked_notices import tell_parked
from flows.work import Work, off_loop

TOLD = 1_000
"""So many rungs a sweep tells of one by one; of more it tells how many, and the record has them all."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep fired, and the cases it could not touch with the reason's code.

    ``untold`` is how many rungs fired besides those that ``fired`` tells of.
    """

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]
    untold: int = 0

    @property
    def did(self) -> int:
        """How many rungs fired."""
        return len(self.fired) + self.untold


@dataclass(slots=True)
class _SoFar:
    fired: list[Fired] = field(default_factory=list[Fired])
    failed: dict[str, str] = field(default_factory=dict[str, str])
    untold: int = 0

    def add(self, sweep: Sweep) -> None:
        told = sweep.fired[: TOLD - len(self.fired)]
        self.fired += told
        self.untold += sweep.untold + len(sweep.fired) - len(told)
        self.failed |= dict(sweep.failed)

    @property
    def listens(self) -> bool:
        return len(self.fired) < TOLD


async def fire_timers(work: Work, low: int = 0, high: int = LAST, batch: int = BATCH) -> Swept:
    """Fire all that is due now, batch after batch, until a batch fires nothing; ``low`` and ``high`` bound case ids.

    The oldest go first; where more cases are due than one batch takes, the rest is fired by the thousand.
    """
    so_far = _SoFar()
    while True:
        skip = frozenset(so_far.failed)
        sweep = await off_loop(fire_due, work.store, await work.now(), batch, skip, low=low, high=high)
        so_far.add(sweep)
        if not sweep.fired and not sweep.failed:
            break
        if len(sweep.fired) + len(sweep.failed) >= batch:
            await _by_the_thousand(work, low, high, so_far)
    if so_far.failed:
        await tell_parked(work)
    return Swept(tuple(so_far.fired), tuple(so_far.failed.items()), so_far.untold)


async def _by_the_thousand(work: Work, low: int, high: int, so_far: _SoFar) -> None:
    for chunk in await off_loop(chunks, work.store, await work.now(), low, high):
        so_far.add(await off_loop(fire_chunk, work.store, chunk, await work.now(), so_far.listens))
