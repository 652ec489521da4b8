"""What a driver notices of its own absence and of the database's, so that the morning report can say so."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.outages import DRIVER_AWAY, SHORTEST, mark_watched, note_outage
from flows.work import Work, off_loop
from statemachines.lifecycle import Refused

MARK_EVERY = timedelta(seconds=10)
TROUBLE = "trouble"
"""Why, if it was no refusal that says why."""


@dataclass
class Watch:
    """When it last wrote down that all was looked at, and since when and why it cannot look."""

    marked: datetime | None = None
    trouble: tuple[str, datetime] | None = None

    def failed(self, error: Exception, at: datetime) -> None:
        """A pass that began then failed; the first reason is the one that is told."""
        why = error.code if isinstance(error, Refused) else TROUBLE
        self.trouble = self.trouble or (why, at)

    async def saw(self, work: Work, at: datetime) -> None:
        """A pass that began then did all there was to do."""
        if self.trouble is None and self.marked is not None and at - self.marked < MARK_EVERY:
            return
        before = await off_loop(mark_watched, work.store, at)
        why, since = self.trouble or (DRIVER_AWAY, before or at)
        if at - since >= SHORTEST:
            await off_loop(note_outage, work.store, why, since, at)
        self.marked, self.trouble = at, None
