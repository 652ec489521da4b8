"""Measures how long after a deadline its escalation step is committed by an idle driver in a process of its own.

The first steps of the seeded cases fall due figure by figure, far enough apart for the driver to fall idle in between.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from apps.prefect_server import prefect_server
from benchmarks.driver_process import driver
from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, p99
from benchmarks.seeding import DUE, seed_aged
from benchmarks.stores import new_store
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros

PLAIN, OBSERVED = 20.0, 1000.0
"""The targets, in milliseconds."""
SAMPLES, OBSERVED_SAMPLES = 150, 25
APART, OBSERVED_APART = timedelta(milliseconds=250), timedelta(milliseconds=2500)
READY = timedelta(seconds=8)
"""The time that the driver needs to start, fall idle and set its alarm."""
WARM = 3
"""Deadlines that are not counted: the first work of each kind loads modules and caches."""
POLL_SECONDS = 0.0005
STEPS_FIRED = "SELECT count(*) AS n FROM escalation_step"
OBSTACLE = "the driver's wake, its look at what is due and the move itself, on a machine of few cores"


def rows(database: str, samples: int = SAMPLES, observed_samples: int = OBSERVED_SAMPLES) -> list[Measure]:
    """Return the median and the 99th percentile, plain and through an observed flow."""
    observed = _rows(database, True, observed_samples, OBSERVED_APART) if observed_samples else ()
    return [*_rows(database, False, samples, APART), *observed]


def _rows(database: str, observed: bool, samples: int, apart: timedelta) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_store(Path(name), database) as settings:
        server = prefect_server(settings.where) if observed else nullcontext()
        with server as prefect:
            waits = _waits(settings, prefect.api_url if prefect else "", samples, apart)
    name = f"due → committed, {'observed flow' if observed else 'plain'}"
    how = f"{samples} deadlines {apart.total_seconds():g} s apart, idle driver in its own process; {machine_load()}"
    yield new_measure(f"{name}, p50", database, p50(waits), None, "ms", how)
    figure = new_measure(f"{name}, p99", database, p99(waits), None, "ms", how)
    yield Target(OBSERVED if observed else PLAIN, at_least=False, obstacle=OBSTACLE).judge(figure)


def _waits(settings: Settings, api_url: str, samples: int, apart: timedelta) -> list[float]:
    """Return the milliseconds from each deadline until another connection can read the step's row."""
    with closing(settings.store()) as store:
        at = system_now()
        first = at + (2 * READY if api_url else READY)
        dues = [first + n * apart for n in range(WARM + samples)]
        seed_aged(store, len(dues), lambda n: DUE - to_micros(dues[n]) + to_micros(at), at=at)
        with driver(settings, api_url):
            return [_wait(store, n, due) for n, due in enumerate(dues)][WARM:]


def _wait(store: Store, before: int, due: datetime) -> float:
    time.sleep(max(0.0, (due - system_now()).total_seconds()))
    while True:
        with store.looking() as tx:
            if tx.row(STEPS_FIRED).n > before:
                return (system_now() - due) / timedelta(milliseconds=1)
        if system_now() > due + timedelta(seconds=60):
            raise TimeoutError(f"no escalation step within a minute of {due}")
        time.sleep(POLL_SECONDS)
