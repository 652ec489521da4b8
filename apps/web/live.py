"""Tells open pages that cases have changed: one watcher of the store per worker, server-sent events to each page.

An event says only that something changed; the page asks for its own parts again, under its own rules of access. The
watcher works while somebody listens.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool

from apps.notify_listener import listen
from engine.store import Store
from reports.known_cases import news_mark, versions_among
from statemachines.refused import Refused

CALM_SECONDS = 0.3
"""How long the watcher waits after a commit for more of them, so that a busy store tells its pages now and then."""
CHECK_SECONDS = 15.0
"""How often a stream asks whether its session still lasts; also the longest silence on a connection."""
SLICE = 500
EVENT, ENDED, SILENCE = b"event: changed\ndata: -\n\n", b"event: ended\ndata: -\n\n", b": -\n\n"


@dataclass(eq=False)
class _Listener:
    """An open page: the case it shows, or None for lists; the version it knows; whether there is something new."""

    number: str | None
    version: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Watcher:
    """Watches the store of a worker for all its open pages."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners = set[_Listener]()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._mark: object = None

    async def events(self, number: str | None, lasts: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield an event whenever the case, or without a number anything, has changed, until the session ends.

        ``lasts`` says whether it lasts; it is asked now and then. See Note [Streams and a stop] in
        ``apps/web/server_stop.py`` for the end that a browser answers by connecting again.
        """
        known = await run_in_threadpool(self._versions, [number] if number else [])
        listener = _Listener(number, known.get(number or ""))
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield SILENCE
            while not self._stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_SECONDS):
                        await listener.changed.wait()
                if self._stopping:
                    return
                if not await run_in_threadpool(lasts):
                    yield ENDED
                    return
                changed = listener.changed.is_set()
                listener.changed.clear()
                yield EVENT if changed else SILENCE
        finally:
            self._listeners.discard(listener)

    def stop(self) -> None:
        """End every stream."""
        self._stopping = True
        for listener in self._listeners:
            listener.changed.set()

    async def aclose(self) -> None:
        """End the watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        """Look after each commit, as long as somebody listens."""
        committed = asyncio.Event()
        listening = asyncio.create_task(listen(self._store, committed.set))
        try:
            while self._listeners:
                with suppress(TimeoutError):  # see Note [Notified after the commit] in ``engine/store.py``
                    async with asyncio.timeout(CHECK_SECONDS):
                        await committed.wait()
                        await asyncio.sleep(CALM_SECONDS)
                committed.clear()
                await self._tell()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _tell(self) -> None:
        """Tell the pages of cases that have moved, and those of lists where anything has that a list may show."""
        numbers = sorted({each.number for each in self._listeners if each.number})
        versions = await run_in_threadpool(self._versions, numbers)
        news = await run_in_threadpool(self._news)
        for listener in self._listeners:
            version = versions.get(listener.number or "")
            moved = version not in (None, listener.version)
            if moved or (news and listener.number is None):
                listener.version = version
                listener.changed.set()

    def _versions(self, numbers: list[str]) -> Mapping[str, int]:
        """Return how many moves each case has made; nothing while the database cannot be asked."""
        found = dict[str, int]()
        with suppress(Refused), self._store.looking() as tx:
            for start in range(0, len(numbers), SLICE):
                found |= versions_among(tx, numbers[start : start + SLICE])
        return found

    def _news(self) -> bool:
        """Return whether anything has changed that a list may show; also while the database cannot be asked."""
        known = self._mark
        with suppress(Refused), self._store.looking() as tx:
            self._mark = news_mark(tx)
            return self._mark is None or self._mark != known
        return True
