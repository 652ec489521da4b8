"""One case alone: from the commit that opened it until its run is there in Prefect's API, with an idle driver."""

import statistics
import time

import httpx

from benchmarks.driver_process import driver
from benchmarks.stores import open_one
from engine.settings import Settings
from engine.store import Store

LONGEST = 30.0
QUIET = 1.0
BUSY = "SELECT (SELECT count(*) FROM outbox_event) + (SELECT count(*) FROM delivery WHERE status != 'done') AS n"


def lone(settings: Settings, api_url: str, samples: int) -> list[float]:
    """Milliseconds, sample by sample."""
    store = settings.store()
    with driver(settings, api_url), httpx.Client(base_url=api_url, trust_env=False, timeout=10) as prefect:
        _seen(prefect, open_one(store))  # the driver is up, and has run its first
        _settled(store)
        took = [_sample(store, prefect) for _ in range(samples)]
    store.close()
    return took


def p95(took: list[float]) -> float:
    """What 19 of 20 do not exceed."""
    return statistics.quantiles(took, n=20, method="inclusive")[-1]


def _sample(store: Store, prefect: httpx.Client) -> float:
    number = open_one(store)
    began = time.perf_counter()
    _seen(prefect, number)
    took = 1000 * (time.perf_counter() - began)
    _settled(store)
    return took


def _seen(prefect: httpx.Client, number: str) -> None:
    """Return as soon as a run of that case can be found."""
    wanted = {"flow_runs": {"name": {"like_": number}}, "limit": 1}
    deadline = time.perf_counter() + LONGEST
    while not prefect.post("/flow_runs/filter", json=wanted).json():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"no run of {number} within {LONGEST:.0f} s")
        time.sleep(0.01)


def _settled(store: Store) -> None:
    """Wait until the driver has done all there is, and has been idle for a moment."""
    busy = True
    while busy:
        time.sleep(0.1)
        with store.looking() as tx:
            busy = tx.row(BUSY).n > 0
    time.sleep(QUIET)
