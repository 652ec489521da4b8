"""How long after a deadline its rung is committed, with an idle driver in its own process; seen from outside.

Cases are planted whose first rungs fall due one by one, far enough apart for the driver to fall idle in between.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from apps.prefect_server import prefect_server
from benchmarks.driver_process import driver
from benchmarks.measures import Measure, Target, load, p50, p99, recorded
from benchmarks.seeding import DUE, planted
from benchmarks.stores import founded
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros

PLAIN, OBSERVED = 20.0, 1000.0
"""The targets, in milliseconds."""
SAMPLES, SEEN_SAMPLES = 150, 25
APART, SEEN_APART = timedelta(milliseconds=250), timedelta(milliseconds=2500)
READY = timedelta(seconds=8)
"""Until the driver is up, idle, and has its alarm set."""
WARM = 3
"""Deadlines that are not counted: the first of each kind of work loads what it needs."""
LOOK_SECONDS = 0.0005
FIRED = "SELECT count(*) AS n FROM escalation_step"
OBSTACLE = "the driver's wake, its look at what is due and the move itself, on a machine of few cores"


def rows(database: str, samples: int = SAMPLES, seen_samples: int = SEEN_SAMPLES) -> list[Measure]:
    """The median and the 99th percentile, plain and through an observed flow."""
    seen = _rows(database, True, seen_samples, SEEN_APART) if seen_samples else ()
    return [*_rows(database, False, samples, APART), *seen]


def _rows(database: str, observed: bool, samples: int, apart: timedelta) -> Iterator[Measure]:
    with tempfile.TemporaryDirectory(prefix="bench") as name, founded(Path(name), database) as settings:
        server = prefect_server(settings.where) if observed else nullcontext()
        with server as prefect:
            took = _waits(settings, prefect.api_url if prefect else "", samples, apart)
    name = f"due → committed, {'observed flow' if observed else 'plain'}"
    how = f"{samples} deadlines {apart.total_seconds():g} s apart, idle driver in its own process; {load()}"
    yield recorded(f"{name}, p50", database, p50(took), None, "ms", how)
    one = recorded(f"{name}, p99", database, p99(took), None, "ms", how)
    yield Target(OBSERVED if observed else PLAIN, at_least=False, obstacle=OBSTACLE).judge(one)


def _waits(settings: Settings, api_url: str, samples: int, apart: timedelta) -> list[float]:
    """Milliseconds from each deadline until the rung's row can be read by others."""
    with closing(settings.store()) as store:
        at = system_now()
        first = at + (2 * READY if api_url else READY)
        dues = [first + n * apart for n in range(WARM + samples)]
        planted(store, len(dues), lambda n: DUE - to_micros(dues[n]) + to_micros(at), at=at)
        with driver(settings, api_url):
            return [_wait(store, n, due) for n, due in enumerate(dues)][WARM:]


def _wait(store: Store, before: int, due: datetime) -> float:
    time.sleep(max(0.0, (due - system_now()).total_seconds()))
    while True:
        with store.looking() as tx:
            if tx.row(FIRED).n > before:
                return (system_now() - due) / timedelta(milliseconds=1)
        if system_now() > due + timedelta(seconds=60):
            raise TimeoutError(f"no rung within a minute of {due}")
        time.sleep(LOOK_SECONDS)
