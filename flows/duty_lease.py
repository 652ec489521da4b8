"""Holds a duty that only one process may have at a time, by a lease in the database that is renewed while it works."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from engine.runs import hold, let_go
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

LEASE_SECONDS = 30
BEAT_SECONDS = 10


@contextlib.asynccontextmanager
async def holding(work: Work, duty: str) -> AsyncGenerator[bool]:
    """Hold the duty for the block; yields False if another one holds it.

    A process that dies holds it for ``LEASE_SECONDS`` more. A simulated store has one process and a clock that stands
    still, so there nothing is held.
    """
    if work.store.simulated:
        yield True
        return
    if not await off_loop(hold, work.store, duty, work.name, await work.now(), LEASE_SECONDS):
        yield False
        return
    beat = asyncio.create_task(_beat(work, duty))
    try:
        yield True
    finally:
        beat.cancel()
        with contextlib.suppress(Refused):
            await off_loop(let_go, work.store, duty, work.name)


async def _beat(work: Work, duty: str) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        with contextlib.suppress(Exception):  # an error must not end the heartbeat: it tries again
            await off_loop(hold, work.store, duty, work.name, await work.now(), LEASE_SECONDS)
