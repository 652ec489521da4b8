"""Waits for what a killed ``up`` of the same home has left: its children with their ports, and its driver's lease."""

import asyncio
import time
from datetime import datetime
from pathlib import Path

from apps.driver import LEASE
from apps.process_health import CHILD_NOTES, DRIVER_NOTE, read_note
from apps.process_state import ProcessState, state_of
from engine.runs import held
from engine.store import Store
from flows.duty_lease import LEASE_SECONDS
from flows.work import Work, off_loop

ORPHAN_SECONDS = 30.0
"""A child whose ``up`` was killed notices it and ends within half of this time."""


def wait_for_orphans(home: Path, seconds: float = ORPHAN_SECONDS) -> None:
    """Return when no child of a killed ``up`` of this home runs any more, or after so many seconds.

    While that ``up`` lives nothing is waited for: its ports and its lock refuse another one.
    """
    deadline = time.monotonic() + seconds
    while _has_orphans(home) and time.monotonic() < deadline:
        time.sleep(0.2)


def _has_orphans(home: Path) -> bool:
    notes = {name: read_note(home, name) for name in (DRIVER_NOTE, *CHILD_NOTES)}
    running = {name for name, note in notes.items() if note is not None and state_of(note) is ProcessState.RUNS}
    return DRIVER_NOTE not in running and bool(running)


async def outlive_killed_driver(work: Work, stop: asyncio.Event) -> None:
    """Wait until the lease of a driver of this home that was killed has run out, for nobody renews it any more.

    On Postgres several drivers run side by side, so there none is waited for.
    """
    note = read_note(work.store.home, DRIVER_NOTE)
    if work.store.postgres or note is None or state_of(note) in (ProcessState.RUNS, ProcessState.STOPPED):
        return
    for _ in range(LEASE_SECONDS + 1):
        if stop.is_set() or not await off_loop(_is_driven, work.store, await work.now()):
            return
        await asyncio.sleep(1)


def _is_driven(store: Store, at: datetime) -> bool:
    with store.looking() as tx:
        return held(tx, LEASE, at)
