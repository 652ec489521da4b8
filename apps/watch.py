"""Records outages that the driver notices, its own and the database's, for the morning report."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.outages import DRIVER_AWAY, SHORTEST, mark_watched, note_outage
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

MARK_EVERY = timedelta(seconds=10)
TROUBLE = "trouble"
"""The reason of an outage whose error is no refusal."""


@dataclass
class Watch:
    """The last recorded instant up to which everything due was done, and reason and start of the current trouble."""

    marked: datetime | None = None
    trouble: tuple[str, datetime] | None = None

    def failed(self, error: Exception, at: datetime) -> None:
        """Note that a tick that began at ``at`` failed; the first reason counts."""
        reason = error.code if isinstance(error, Refused) else TROUBLE
        self.trouble = self.trouble or (reason, at)

    async def saw(self, work: Work, at: datetime) -> None:
        """Note that a tick that began at ``at`` did all that was due; record the outage before it."""
        if self.trouble is None and self.marked is not None and at - self.marked < MARK_EVERY:
            return
        before = await off_loop(mark_watched, work.store, at)
        reason, since = self.trouble or (DRIVER_AWAY, before or at)
        if at - since >= SHORTEST:
            await off_loop(note_outage, work.store, reason, since, at)
        self.marked, self.trouble = at, None
