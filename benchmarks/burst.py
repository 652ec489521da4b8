"""Deliveries a second, through flow runs on a real Prefect server: a burst of complaints classified and routed."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.stores import open_many
from engine.settings import Settings
from engine.store import Store
from flows.batch_context import GROUP_LIMIT, DataLoader
from flows.deployments.driver_flows import FLOWS
from flows.prefect_ui.observer import PrefectObserver
from flows.tick import drain, tick
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone

A_CASE = 4
"""Deliveries that one complaint comes to: classify, acknowledge, route, and the look at its severity."""
WARM = 100
PATIENT = 10.0
"""Seconds that a run may take to begin, so that each is a real one; what it takes is counted."""
DONE = "SELECT count(*) AS n FROM delivery WHERE status = 'done'"
MOVED = "SELECT count(*) AS n FROM transition WHERE seq > 1"
FAILED = "SELECT count(*) AS n FROM delivery WHERE error IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Burst:
    """What was done in so many seconds; ``unseen`` are runs that Prefect did not see."""

    seconds: float
    deliveries: int
    moves: int
    failed: int
    runs: int
    unseen: int

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def told(self) -> str:
        """In words."""
        return (
            f"{self.rate:.0f} deliveries/s, {self.moves / self.seconds:.0f} moves/s, {self.runs} runs"
            f" ({self.unseen} unseen), {self.failed} failed, in {self.seconds:.1f} s"
        )


def burst(settings: Settings, api_url: str, seconds: float, grouped: bool = True) -> Burst:
    """A burst that lasts about so long; not ``grouped``, each move is a transaction of its own."""
    with _groups(grouped):
        return asyncio.run(_burst(settings.store(), api_url, seconds))


def median(bursts: list[Burst]) -> Burst:
    """The one in the middle."""
    middle = statistics.median_low(one.rate for one in bursts)
    return next(one for one in bursts if one.rate == middle)


async def _burst(store: Store, api_url: str, seconds: float) -> Burst:
    async with PrefectObserver(api_url, FLOWS, probe_seconds=PATIENT, start_seconds=PATIENT) as observer:
        work = Work(store, FakeMailer(), FakeTelephone(), observer=observer)
        open_many(store, WARM)
        began = time.perf_counter()
        await drain(work)
        rate = WARM * A_CASE / (time.perf_counter() - began)
        open_many(store, int(4 * rate * seconds) // A_CASE)  # the first hundred say little: rather too many
        told = await _timed(work, observer, seconds)
    _close(store)
    return told


async def _timed(work: Work, observer: PrefectObserver, seconds: float) -> Burst:
    before, tally = _counted(work.store), observer.counts
    runs, unseen = tally.observed, tally.plain
    began = time.perf_counter()
    while (took := time.perf_counter() - began) < seconds and await tick(work):
        pass
    did = [now - then for now, then in zip(_counted(work.store), before, strict=True)]
    return Burst(took, *did, runs=tally.observed - runs, unseen=tally.plain - unseen)


def _counted(store: Store) -> list[int]:
    with store.looking() as tx:
        return [tx.row(sql).n for sql in (DONE, MOVED, FAILED)]


def _close(store: Store) -> None:
    """What is left over is nobody's any more."""
    with store.writing() as tx:
        tx.run("DELETE FROM outbox_event")
        tx.run("UPDATE delivery SET status = 'done' WHERE status IN ('waiting', 'leased')")
    store.close()


@contextmanager
def _groups(grouped: bool) -> Iterator[None]:
    """Without them, each question and each move is a transaction of its own, one after the other."""
    DataLoader.group_limit = GROUP_LIMIT if grouped else 1
    try:
        yield
    finally:
        DataLoader.group_limit = GROUP_LIMIT
