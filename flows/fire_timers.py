"""Fires timers that are due: reminders, breaches, and the moves that a timer makes itself."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from engine.clock_doubt import refuse_doubtful_clock
from engine.commands.plan import Fired
from engine.escalation.fire import BATCH, LAST, Sweep, due_cases, fire_cases
from engine.escalation.sweep import Chunk, chunks, fire_chunk
from flows.parked_notices import tell_parked
from flows.run_text import RunText
from flows.work import Work, off_loop

FEW = 20
"""Up to this many cases, each is shown as a step of its own."""
LOGGED = 20
"""The most escalation steps that a step of the run logs one by one."""
RETRIES = 2
"""A sweep fires nothing twice, so a step that the database could not do is run again."""
BREACH = 100
"""The percentage from which a promise is broken."""
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
    def cases(self) -> int:
        """How many steps fired or cases failed so far."""
        return len(self.fired) + self.untold + len(self.failed)

    @property
    def lists_more(self) -> bool:
        return len(self.fired) < LISTED


async def fire_timers(work: Work, low: int = 0, high: int = LAST, batch: int = BATCH) -> Swept:
    """Fire all timers due now, in batches, until a batch fires nothing; ``low`` and ``high`` bound the case ids.

    The oldest go first; if more cases are due than one batch holds, the rest is fired in chunks of thousands. Of a few
    cases each is a step of its own; of many, each batch or chunk is.
    """
    await off_loop(refuse_doubtful_clock, work.store)
    so_far = _Progress()
    while True:
        skip = frozenset(so_far.failed)
        due = await off_loop(due_cases, work.store, await work.now(), batch, skip, low=low, high=high, strict=True)
        before = so_far.cases
        for part in _parts(due):
            await work.step("fire", partial(_fire, work, part, so_far), _title(part), retries=RETRIES)
        if so_far.cases == before:
            break
        if len(due) >= batch:
            await _fire_chunks(work, low, high, so_far)
    if so_far.failed:
        await tell_parked(work)
    if not so_far.cases:
        work.log(RunText("log.nothing_due"))
    return Swept(tuple(so_far.fired), tuple(so_far.failed.items()), so_far.untold)


def _parts(due: dict[int, str]) -> list[dict[int, str]]:
    """Return the cases one by one if they are few, else all together."""
    if len(due) > FEW:
        return [due]
    return [{case_id: number} for case_id, number in due.items()]


def _title(part: dict[int, str]) -> RunText:
    numbers = list(part.values())
    if len(numbers) == 1:
        return RunText("step.fire", number=numbers[0])
    return RunText("step.fire_batch", count=len(numbers), first=min(numbers), last=max(numbers))


async def _fire(work: Work, part: dict[int, str], so_far: _Progress) -> None:
    sweep = await off_loop(fire_cases, work.store, part, await work.now(), strict=True)
    so_far.add(sweep)
    log_sweep(work, sweep.fired[:LOGGED], sweep.failed[:LOGGED], len(sweep.fired) - LOGGED)


async def _fire_chunks(work: Work, low: int, high: int, so_far: _Progress) -> None:
    for chunk in await off_loop(chunks, work.store, await work.now(), low, high):
        title = RunText("step.fire_chunk", count=chunk.cases)
        await work.step("fire-chunk", partial(_fire_chunk, work, chunk, so_far), title, retries=RETRIES)


async def _fire_chunk(work: Work, chunk: Chunk, so_far: _Progress) -> None:
    sweep = await off_loop(fire_chunk, work.store, chunk, await work.now(), so_far.lists_more, strict=True)
    so_far.add(sweep)
    log_sweep(work, (), sweep.failed[:LOGGED], len(sweep.fired) + sweep.untold)


def log_sweep(work: Work, fired: Sequence[Fired], failed: Sequence[tuple[str, str]], more: int) -> None:
    """Log what was escalated and why, what failed, and how many more steps fired."""
    for step in fired:
        key = "log.reminded" if step.step.percent < BREACH else "log.breached"
        text = RunText(
            key,
            step.kind,
            number=step.number,
            clause=step.step.clause,
            percent=step.step.percent,
            level=step.level,
            due=step.step.due_at,
        )
        work.log(text, logging.INFO if step.step.percent < BREACH else logging.WARNING)
    for number, code in failed:
        work.log(RunText("log.not_fired", number=number, code=code), logging.ERROR)
    if more > 0:
        work.log(RunText("log.fired_more", count=more))
