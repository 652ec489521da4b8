"""Starts the children of ``up`` again when they die, after ever longer pauses, and says so on the console."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from engine.clock import system_now
from locales.translation import when_in_zone

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STABLE = 300.0
"""A child that has run this many seconds begins with the first pause again when it dies."""
LOOK_SECONDS = 1.0
START_SECONDS = 120.0
"""A child that is not ready after this time is started again."""

Tell = Callable[..., None]


class Restartable(Protocol):
    """A process that can be started again."""

    @property
    def log(self) -> Path: ...
    @property
    def exit_code(self) -> int | None: ...
    def start_again(self) -> None: ...


class Change(StrEnum):
    """What became of a child since the last look."""

    DIED = "died"
    STARTED = "started"
    BACK = "back"


class _State(StrEnum):
    UP = "up"
    DEAD = "dead"
    STARTING = "starting"


@dataclass
class KeptChild:
    """A child that is started again: how to know that it is ready, and the child that it cannot do without.

    Times are seconds of a clock that only goes forward; the caller reads it.
    """

    name: str
    child: Restartable
    is_ready: Callable[[], bool] = lambda: True
    prepare: Callable[[], None] = lambda: None
    needs: "KeptChild | None" = None
    exit_code: int | None = field(default=None, init=False)
    pause: float = field(default=0.0, init=False)
    _state: _State = field(default=_State.UP, init=False)
    _started: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)

    @property
    def up(self) -> bool:
        """Whether it runs and is ready."""
        return self._state is _State.UP

    def look(self, now: float) -> Change | None:
        """Look at the child, start it again if its pause is over; returns what changed. It may wait for the child."""
        too_late = self._state is _State.STARTING and now - self._started >= START_SECONDS
        if self._state is not _State.DEAD and (self.child.exit_code is not None or too_late):
            return self._died(now)
        if self._state is _State.DEAD and now >= self._due and (self.needs is None or self.needs.up):
            self.child.start_again()
            self._state, self._started = _State.STARTING, now
            return Change.STARTED
        if self._state is _State.STARTING and self.is_ready():
            self.prepare()
            self._state = _State.UP
            return Change.BACK
        return None

    def _died(self, now: float) -> Change:
        self.exit_code = self.child.exit_code
        stable = now - self._started >= STABLE
        self.pause = FIRST_PAUSE if stable or not self.pause else min(2 * self.pause, LONGEST_PAUSE)
        self._state, self._due = _State.DEAD, now + self.pause
        return Change.DIED


async def keep_alive(children: Sequence[KeptChild], tell: Tell) -> None:
    """Look at the children each second, until cancelled. A look that fails is repeated."""
    clock = asyncio.get_running_loop().time
    while True:
        for kept in children:
            with contextlib.suppress(Exception):  # what fails here is tried again, and must not end the driver
                change = await asyncio.to_thread(kept.look, clock())
                if change is not None:
                    _tell(kept, change, tell)
        await asyncio.sleep(LOOK_SECONDS)


def _tell(kept: KeptChild, change: Change, tell: Tell) -> None:
    params: dict[str, Any] = {"at": when_in_zone(system_now(), "%H:%M:%S"), "log": str(kept.child.log)}
    if change is Change.DIED:
        params |= {"how": _how(kept.exit_code), "pause": round(kept.pause)}
    tell(f"up.{kept.name}_{change}", **params)


def _how(exit_code: int | None) -> str:
    """Return how a process ended: ``SIGKILL``, or its exit code."""
    if exit_code is not None and exit_code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-exit_code).name
    return str(exit_code)
