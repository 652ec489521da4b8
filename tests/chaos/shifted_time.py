"""The time of a chaos run: the system's plus an offset that changes at once in all forked processes."""

import asyncio
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.store import Store
from flows.work import Work

POLL_SECONDS = 0.05
LAYOUT = "ddd"
"""The current offset and the greatest offset so far, and since when the system's time counts no more: 0 if it counts.

All three are in seconds.
"""


class TimeOffset:
    """The offset, in memory shared with child processes. A jump ends a dead driver's leases without a wait."""

    def __init__(self) -> None:
        self._seconds = mmap.mmap(-1, struct.calcsize(LAYOUT))

    def now(self, store: Store) -> datetime:
        """Return the store's time plus the offset."""
        offset, _, stopped_at = self._read()
        base = datetime.fromtimestamp(stopped_at, UTC) if stopped_at else store.now()
        return base + timedelta(seconds=offset)

    def stop(self, store: Store) -> None:
        """Let the time stand still, so that nothing more falls due; it can still jump."""
        offset, farthest, _ = self._read()
        self._write(offset, farthest, store.now().timestamp())

    def jump(self, seconds: float) -> None:
        """Move the time forward, or back if ``seconds`` is negative."""
        now, farthest, stopped_at = self._read()
        self._write(now + seconds, max(farthest, now + seconds), stopped_at)

    def overtake(self, seconds: float) -> None:
        """Move that far beyond the latest time so far: all leases have expired then."""
        now, farthest, _ = self._read()
        self.jump(farthest - now + seconds)

    def _read(self) -> tuple[float, float, float]:
        return struct.unpack(LAYOUT, self._seconds[:])

    def _write(self, now: float, farthest: float, stopped_at: float) -> None:
        self._seconds[:] = struct.pack(LAYOUT, now, farthest, stopped_at)


@dataclass
class ShiftedWork(Work):
    """The tools of the flows, with the shifted time."""

    offset: TimeOffset | None = None

    def watch(self) -> datetime:
        """Return the shifted time."""
        assert self.offset is not None
        return self.offset.now(self.store)

    async def now(self) -> datetime:
        return self.watch()


class ShiftedAlarm:
    """The driver's alarm in the shifted time; it polls, because the time may jump."""

    def __init__(self, work: ShiftedWork, ring: Callable[[], None]) -> None:
        self._work, self._ring = work, ring
        self._timer: asyncio.TimerHandle | None = None

    def ring_at(self, instant: datetime) -> None:
        self.stop()
        if self._work.watch() >= instant:
            self._ring()
            return
        self._timer = asyncio.get_running_loop().call_later(POLL_SECONDS, self.ring_at, instant)

    def stop(self) -> None:
        """Stop ringing."""
        if self._timer is not None:
            self._timer.cancel()
