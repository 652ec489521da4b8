"""The time of a chaos run: the system's, some way ahead, and jumping at once in every process that was forked."""

import asyncio
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.store import Store
from flows.work import Work

POLL_SECONDS = 0.05
HELD = "dd"
"""How far ahead it is now, and how far it ever was, in seconds."""


class Ahead:
    """How far ahead it is, in memory that children share. So a dead driver's leases end without a minute's wait."""

    def __init__(self) -> None:
        self._seconds = mmap.mmap(-1, struct.calcsize(HELD))

    def now(self, store: Store) -> datetime:
        """The store's time, and what was jumped."""
        return store.now() + timedelta(seconds=self._held()[0])

    def jump(self, seconds: float) -> None:
        """Go on at a later time, or at an earlier one if ``seconds`` is less than nothing."""
        now, farthest = self._held()
        self._hold(now + seconds, max(farthest, now + seconds))

    def overtake(self, seconds: float) -> None:
        """Go on that much after the latest time there ever was: whatever was leased until then is free."""
        now, farthest = self._held()
        self.jump(farthest - now + seconds)

    def _held(self) -> tuple[float, float]:
        now, farthest = struct.unpack(HELD, self._seconds[:])
        return now, farthest

    def _hold(self, now: float, farthest: float) -> None:
        self._seconds[:] = struct.pack(HELD, now, farthest)


@dataclass
class WorkAhead(Work):
    """The tools of the flows, with that time on their watch."""

    ahead: Ahead | None = None

    def watch(self) -> datetime:
        """What time it is."""
        assert self.ahead is not None
        return self.ahead.now(self.store)

    async def now(self) -> datetime:
        return self.watch()


class AlarmAhead:
    """The driver's alarm by that time: it looks at its watch, for the time may jump."""

    def __init__(self, work: WorkAhead, ring: Callable[[], None]) -> None:
        self._work, self._ring = work, ring
        self._next: asyncio.TimerHandle | None = None

    def ring_at(self, instant: datetime) -> None:
        self.stop()
        if self._work.watch() >= instant:
            self._ring()
            return
        self._next = asyncio.get_running_loop().call_later(POLL_SECONDS, self.ring_at, instant)

    def stop(self) -> None:
        """Ring no more."""
        if self._next is not None:
            self._next.cancel()
