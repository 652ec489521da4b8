"""Measures deliveries a second through flow runs on a real Prefect server: a burst of complaints is classified."""

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

DELIVERIES_PER_CASE = 4
"""The deliveries of one complaint: classify, acknowledge, route, and check its severity."""
WARM = 100
START_SECONDS = 10.0
"""Seconds that a run may take to begin, so that each is a real one; they count as time of the burst."""
DELIVERIES_DONE = "SELECT count(*) AS n FROM delivery WHERE status = 'done'"
MOVES_MADE = "SELECT count(*) AS n FROM transition WHERE seq > 1"
DELIVERIES_FAILED = "SELECT count(*) AS n FROM delivery WHERE error IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Burst:
    """The work done in so many seconds; ``unseen`` counts the runs that Prefect did not see."""

    seconds: float
    deliveries: int
    moves: int
    failed: int
    runs: int
    unseen: int

    @property
    def rate(self) -> float:
        """Return the deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def summary(self) -> str:
        """Return the figures as one line of text."""
        return (
            f"{self.rate:.0f} deliveries/s, {self.moves / self.seconds:.0f} moves/s, {self.runs} runs"
            f" ({self.unseen} unseen), {self.failed} failed, in {self.seconds:.1f} s"
        )


def burst(settings: Settings, api_url: str, seconds: float, grouped: bool = True) -> Burst:
    """Run a burst of about so many seconds; unless ``grouped``, each move is a transaction of its own."""
    with _grouping(grouped):
        return asyncio.run(_burst(settings.store(), api_url, seconds))


def median(bursts: list[Burst]) -> Burst:
    """Return the burst of median rate."""
    middle = statistics.median_low(each.rate for each in bursts)
    return next(each for each in bursts if each.rate == middle)


async def _burst(store: Store, api_url: str, seconds: float) -> Burst:
    async with PrefectObserver(api_url, FLOWS, probe_seconds=START_SECONDS, start_seconds=START_SECONDS) as observer:
        work = Work(store, FakeMailer(), FakeTelephone(), observer=observer)
        open_many(store, WARM)
        began = time.perf_counter()
        await drain(work)
        rate = WARM * DELIVERIES_PER_CASE / (time.perf_counter() - began)
        # The first hundred give a rough rate, so open more cases than can be handled in the time.
        open_many(store, int(4 * rate * seconds) // DELIVERIES_PER_CASE)
        result = await _run(work, observer, seconds)
    _discard_rest(store)
    return result


async def _run(work: Work, observer: PrefectObserver, seconds: float) -> Burst:
    before, counts = _count(work.store), observer.counts
    runs, unseen = counts.observed, counts.plain
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds and await tick(work):
        pass
    done = [now - then for now, then in zip(_count(work.store), before, strict=True)]
    return Burst(elapsed, *done, runs=counts.observed - runs, unseen=counts.plain - unseen)


def _count(store: Store) -> list[int]:
    with store.looking() as tx:
        return [tx.row(sql).n for sql in (DELIVERIES_DONE, MOVES_MADE, DELIVERIES_FAILED)]


def _discard_rest(store: Store) -> None:
    """Discard the deliveries that are left over, and close the store."""
    with store.writing() as tx:
        tx.run("DELETE FROM outbox_event")
        tx.run("UPDATE delivery SET status = 'done' WHERE status IN ('waiting', 'leased')")
    store.close()


@contextmanager
def _grouping(grouped: bool) -> Iterator[None]:
    """Unless ``grouped``, make each query and each move a transaction of its own, one after the other."""
    DataLoader.group_limit = GROUP_LIMIT if grouped else 1
    try:
        yield
    finally:
        DataLoader.group_limit = GROUP_LIMIT
