"""The start of a flow by a driver: gives the flow its tools, and hands its result back to the loop that waits for it.

Note [Two may do the work]: a driver that has waited long enough for Prefect does the work itself, and the flow that
begins later runs the same function once more. Both claim what they do in the database, by leases and by keys that are
unique; so whatever the one has, the other does not find. "Try the flow, on error run the plain function" would need
more: a server that dies during a call lets the work finish and raises afterwards, up to two minutes later.

Note [Threads]: each flow runs in a thread and an event loop of its own. Prefect's engine makes blocking calls, and in
the main thread it handles SIGTERM by raising in whatever code runs there; in a thread it does neither to the driver.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from flows.run_info import RunInfo
from flows.work import Work

T = TypeVar("T")

CANCEL_SECONDS = 5.0
"""The time that a cancelled body may take to end."""


class RunLost(Exception):
    """A flow's body began and was ended by Prefect. What it had leased is leased again."""


class Start(Generic[T]):
    """One start of a flow. See Note [Two may do the work] and Note [Threads]."""

    def __init__(self, run_info: RunInfo, work: Work, hurried: Callable[[], bool]) -> None:
        self.run_info = run_info
        self.work = work
        self.hurried = hurried
        self._begun = Future[str]()
        self._ended = Future[T]()
        self._cancel: Callable[[], object] | None = None

    # What the driver calls, in its loop:

    async def begins(self, seconds: float) -> bool:
        """Return whether the flow's body begins within this time; after that nobody waits for it."""
        try:
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancellation
                await asyncio.wrap_future(self._begun)
        except TimeoutError:
            return False
        return True

    async def result(self) -> tuple[T, str]:
        """Return the result of the body that has begun, and the run's id; raise the body's error.

        Prefect may still be busy with the run: nobody waits for its artifacts and its final state.
        """
        return await asyncio.shield(self._end_of_body()), self._begun.result()

    async def ends(self) -> None:
        """Wait for the end of a body that was cancelled, whatever error it ends with."""
        if self._begun.done() and not self._begun.cancelled():
            await asyncio.wait([self._end_of_body()], timeout=CANCEL_SECONDS)

    def _end_of_body(self) -> "asyncio.Future[T]":
        """Return the end of the body for this loop; asyncio does not log its error if the caller was cancelled."""
        ended = asyncio.wrap_future(self._ended)
        ended.add_done_callback(_retrieve_error)
        return ended

    def cancel(self) -> None:
        """Cancel the flow with whoever waits for it."""
        self._begun.cancel()
        if self._cancel is not None:
            self._cancel()

    # What the flow calls, in its thread:

    def runs_in(self, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> None:
        """Note where the flow runs, so that it can be cancelled."""
        self._cancel = lambda: None if loop.is_closed() else loop.call_soon_threadsafe(task.cancel)

    def note_begin(self, run_id: str) -> bool:
        """Note that the flow's body begins; return whether the driver still waits for it."""
        if not self._begun.set_running_or_notify_cancel():
            return False
        self._begun.set_result(run_id)
        return True

    def end(self, result: T) -> None:
        """Hand back the result."""
        with contextlib.suppress(InvalidStateError):
            self._ended.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Hand back the error of the body, unless it has ended already."""
        with contextlib.suppress(InvalidStateError):
            self._ended.set_exception(error)


def _retrieve_error(ended: "asyncio.Future[Any]") -> None:
    """Retrieve the error of a body for which nobody waits; asyncio logs every error that nobody retrieves."""
    if not ended.cancelled():
        ended.exception()


AnyStart = Start[Any]
STARTED: ContextVar[AnyStart | None] = ContextVar("started", default=None)
"""The start of the flow that runs in this context, if a driver started it."""


def hurried() -> bool:
    """Return whether runs begin faster than they leave their artifacts: optional ones are skipped then."""
    start = STARTED.get()
    return start is not None and start.hurried()
