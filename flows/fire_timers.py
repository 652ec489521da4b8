"""Fires timers that are due: reminders, breaches, and the moves that a timer makes itself."""

from dataclasses import dataclass, field

from engine.commands.plan import Fired
from engine.escalation.fire import BATCH, LAST, Sweep, fire_due
from engine.escalation.sweep import chunks, fire_chunk
from flows.parked_notices import tell_parked
from flows.work import Work, off_loop

LISTED = 1_000
"""The most escalation steps that a sweep lists; of more it gives the number, and the record has them all."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The escalation steps that a sweep fired, and (case number, refusal code) of the cases that failed.

    ``untold`` is how many steps fired besides those listed in ``fired``.
    """

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]
    untold: int = 0

    @property
    def did(self) -> int:
        """How many escalation steps fired."""
        return len(self.fired) + self.untold


@dataclass(slots=True)
class _Progress:
    fired: list[Fired] = field(default_factory=list[Fired])
    failed: dict[str, str] = field(default_factory=dict[str, str])
    untold: int = 0

    def add(self, sweep: Sweep) -> None:
        listed = sweep.fired[: LISTED - len(self.fired)]
        self.fired += listed
        self.untold += sweep.untold + len(sweep.fired) - len(listed)
        self.failed |= dict(sweep.failed)

    @property
    def lists_more(self) -> bool:
        return len(self.fired) < LISTED


async def fire_timers(work: Work, low: int = 0, high: int = LAST, batch: int = BATCH) -> Swept:
    """Fire all timers due now, in batches, until a batch fires nothing; ``low`` and ``high`` bound the case ids.

    The oldest go first; if more cases are due than one batch holds, the rest is fired in chunks of thousands.
    """
    so_far = _Progress()
    while True:
        skip = frozenset(so_far.failed)
        sweep = await off_loop(fire_due, work.store, await work.now(), batch, skip, low=low, high=high)
        so_far.add(sweep)
        if not sweep.fired and not sweep.failed:
            break
        if len(sweep.fired) + len(sweep.failed) >= batch:
            await _fire_chunks(work, low, high, so_far)
    if so_far.failed:
        await tell_parked(work)
    return Swept(tuple(so_far.fired), tuple(so_far.failed.items()), so_far.untold)


async def _fire_chunks(work: Work, low: int, high: int, so_far: _Progress) -> None:
    for chunk in await off_loop(chunks, work.store, await work.now(), low, high):
        so_far.add(await off_loop(fire_chunk, work.store, chunk, await work.now(), so_far.lists_more))
