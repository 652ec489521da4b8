"""Sends webhooks beside the driver's other work, so that a receiver which does not answer delays nothing else."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable

from flows.tick import send_due_webhooks
from flows.work import Work
from statemachines.refused import Refused

log = logging.getLogger("closeloop.driver")

RETRY_SECONDS = 1.0
REPORTED_BY_TICK = frozenset({"busy", "clock_differs", "clock_jumped", "database_away"})
"""Refusals that keep the tick, too, from its work; it logs them and notes the outage."""


class WebhookLane:
    """Sends webhooks in one task at a time. ``wake`` makes the driver look again at what is due."""

    def __init__(self, work: Work, wake: Callable[[], None]) -> None:
        self._work, self._wake = work, wake
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._failure = ""

    def start(self) -> None:
        """Send what is due, unless that is being done; then look once more at its end."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Send until nothing is due. An error ends nothing: it is tried again, and logged once."""
        did = 0
        while True:
            self._again = False
            try:
                sent = await send_due_webhooks(self._work)
            except Exception as error:  # noqa: BLE001 (an error does not end the driver)
                self._log(error)
                await asyncio.sleep(RETRY_SECONDS)
                self._wake()
                return
            self._failure = ""
            did += sent
            if not sent and not self._again:
                break
        if did:
            self._wake()  # what failed has a next try

    def _log(self, error: Exception) -> None:
        """Log an error unless it is the one before, or one that the tick reports."""
        failure = error.code if isinstance(error, Refused) else type(error).__name__
        if failure != self._failure and failure not in REPORTED_BY_TICK:
            self._failure = failure
            log.error("sending webhooks failed: %s", failure)

    async def stop(self) -> None:
        """Stop sending. What was leased is sent again under the same id once its lease has ended."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


@contextlib.asynccontextmanager
async def sending_webhooks(work: Work, wake: Callable[[], None]) -> AsyncGenerator[WebhookLane]:
    """Yield a lane that is stopped at the end of the block."""
    lane = WebhookLane(work, wake)
    try:
        yield lane
    finally:
        await lane.stop()
