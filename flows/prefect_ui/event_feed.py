"""Posts every move of every case to Prefect's event feed, each once, from a position that is kept in our tables.

It runs beside the driver, so it also posts what people did by a command, and what was done while Prefect was away.
A move that a run answered is posted with that run, so that a case's events lead to its runs.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.settings import get_current_settings

from engine.clock import system_now
from engine.runs import Done, keep_newest
from engine.store import Store
from flows.duty_lease import holding
from flows.prefect_ui.events import BATCH, event_of, post
from flows.prefect_ui.runs_of_cases import known_runs, run_id_of
from flows.work import Work, off_loop
from models.columns import EPOCH
from reports.event_feed import FEED_RUN, Unposted, unposted

EVERY_SECONDS = 5.0
PAUSE_SECONDS = 0.5
"""Between two batches while there are more: the server needs its time for runs."""
SPARE = 50.0
"""The feed rests this many times as long as it took to look for moves: the search reads the table of cases."""
FIRST = timedelta(days=1)
"""How far back the feed reaches at most: at its beginning, and after it could post nothing for long."""
LAG = timedelta(seconds=3)
"""A move is posted this long after it was recorded: the run that answers it is known by then."""

_log = logging.getLogger(__name__)


class EventFeed:
    """Posts moves until none is left. It holds nothing but how long the last search took."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._took = 0.0

    async def run(self) -> None:
        """Post until cancelled. What fails is tried again: Prefect may be away."""
        while True:
            try:
                await self.post_all(PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 (Prefect may be away, and the driver must go on)
                _log.debug("moves could not be posted: %s", type(error).__name__)
            await asyncio.sleep(max(EVERY_SECONDS, SPARE * self._took))

    async def post_all(self, pause: float = 0.0) -> int:
        """Post every move that was not posted yet, a batch at a time; return how many.

        While another driver does so, or the server does not take a batch, nothing more is posted.
        """
        posted = 0
        async with holding(self._work, FEED_RUN) as held:
            if not held:
                return 0
            async with get_client() as client:
                while count := await self._post_batch(client):
                    posted += count
                    await asyncio.sleep(pause)
        return posted

    async def _post_batch(self, client: PrefectClient) -> int:
        work, clock = self._work, asyncio.get_running_loop().time
        now, began = await work.now(), clock()
        next_moves = await off_loop(_read, work.store, now)
        self._took = clock() - began
        moves = next_moves.moves
        if not moves or not await _post(client, work, moves):
            return 0
        done = Done(FEED_RUN, now, now, observed=True, did=len(moves), note=next_moves.position.note)
        await off_loop(keep_newest, work.store, done)
        return len(moves)


def _read(store: Store, now: datetime) -> Unposted:
    # A simulated store lives through weeks in a minute, and then its clock stands still.
    earliest, until = (EPOCH, now) if store.simulated else (now - FIRST, now - LAG)
    with store.looking() as tx:
        return unposted(tx, earliest, until, BATCH)


async def _post(client: PrefectClient, work: Work, moves: Iterable[Any]) -> bool:
    runs = {move: run_id_of(move.delivered_by) for move in moves}
    known = await known_runs(client, runs.values())
    new = [
        event_of(move, work.locale, known.get(run_id or ""), system_now() if work.store.simulated else None)
        for move, run_id in runs.items()
    ]
    settings = get_current_settings().api
    auth = settings.auth_string.get_secret_value() if settings.auth_string else None
    return await post(settings.url or "", auth, new)
