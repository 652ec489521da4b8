"""Measures one case alone: from the commit that opens it until Prefect's API shows its run, with an idle driver."""

import time

import httpx

from apps.prefect_login import basic_auth, given_credential
from benchmarks.driver_process import driver
from benchmarks.stores import open_one
from engine.settings import Settings
from engine.store import Store

TIMEOUT_SECONDS = 30.0
IDLE_SECONDS = 1.0
UNFINISHED = "SELECT (SELECT count(*) FROM outbox_event) + (SELECT count(*) FROM delivery WHERE status != 'done') AS n"


def single_reactions(settings: Settings, api_url: str, samples: int) -> list[float]:
    """Return the milliseconds of each sample."""
    store = settings.store()
    with driver(settings, api_url), _prefect(api_url) as prefect:
        _await_run(prefect, open_one(store))  # the driver is up, and has made its first run
        _await_idle(store)
        waits = [_sample(store, prefect) for _ in range(samples)]
    store.close()
    return waits


def _prefect(api_url: str) -> httpx.Client:
    return httpx.Client(base_url=api_url, auth=basic_auth(given_credential()), trust_env=False, timeout=10)


def _sample(store: Store, prefect: httpx.Client) -> float:
    number = open_one(store)
    began = time.perf_counter()
    _await_run(prefect, number)
    milliseconds = 1000 * (time.perf_counter() - began)
    _await_idle(store)
    return milliseconds


def _await_run(prefect: httpx.Client, number: str) -> None:
    """Wait until Prefect's API shows a run of the case."""
    query = {"flow_runs": {"name": {"like_": number}}, "limit": 1}
    deadline = time.perf_counter() + TIMEOUT_SECONDS
    while not prefect.post("/flow_runs/filter", json=query).json():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"no run of {number} within {TIMEOUT_SECONDS:.0f} s")
        time.sleep(0.01)


def _await_idle(store: Store) -> None:
    """Wait until the driver has done all there is, and has been idle for a second."""
    busy = True
    while busy:
        time.sleep(0.1)
        with store.looking() as tx:
            busy = tx.row(UNFINISHED).n > 0
    time.sleep(IDLE_SECONDS)
