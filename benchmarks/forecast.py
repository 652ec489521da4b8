"""Measures how long it takes to forecast a million open promises (issue 20).

A process of its own reads the store, so that the peak of memory is that of the forecasts. The model has a weight for
each feature of the store: a trained one costs the same.
"""

import multiprocessing
import tempfile
import time
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.measures import Measure, Target, machine_load, new_measure
from benchmarks.seeding import seed
from benchmarks.stores import new_store
from benchmarks.whatif import peak_of_memory
from engine.clock import system_now
from engine.settings import Settings
from forecast.model import ForecastModel, Weights
from forecast.present import forecasts, open_timers
from forecast.situation import features

CASES: Final = 500_000
"""They have a million open promises."""
PROMISES, MOST_SECONDS, MOST_MEGABYTES = 1_000_000, 60.0, 500.0
SAMPLE: Final = 1_000
OF_TIME = "each row is read, its time on its calendar counted and its features looked up, in Python"
OF_MEMORY = "one batch of rows, and the open cases by department and owner"


def rows(database: str, cases: int = CASES) -> list[Measure]:
    """Return the seconds and the memory of a million promises; of fewer the seconds are scaled up and not judged."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder, new_store(Path(folder), database) as settings:
        at = system_now()
        with closing(settings.store()) as store:
            seed(store, cases, at=at)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            promises, seconds, cpu, megabytes = pool.apply(forecast_all, (settings, at))
    how = f"{promises:,} promises of {cases:,} cases in {seconds:.1f} s, {cpu:.1f} s of CPU; {machine_load()}"
    scaled = seconds * PROMISES / max(promises, 1)
    time_taken = new_measure("forecast, a million promises", database, scaled, None, "s", how)
    memory = new_measure("forecast, memory", database, megabytes, None, "MB", how)
    if cases < CASES:
        return [time_taken, memory]
    judged = ((time_taken, MOST_SECONDS, OF_TIME), (memory, MOST_MEGABYTES, OF_MEMORY))
    return [Target(most, at_least=False, obstacle=why).judge(figure) for figure, most, why in judged]


def forecast_all(settings: Settings, at: datetime) -> tuple[int, float, float, float]:
    """Return how many promises were forecast, the seconds, those of the CPU, and the peak of memory in megabytes."""
    with closing(settings.store()) as store, store.looking() as tx:
        known = [timer.situation for timer in islice(open_timers(tx, at), SAMPLE)]
        names = {name for each in known for name, _ in features(each)}
        model = ForecastModel({name: Weights(0.1, 0.01, 0.5) for name in names}, -1.0, 0.5)
        began, cpu = time.perf_counter(), time.process_time()
        promises = sum(1 for _ in forecasts(model, open_timers(tx, at), at))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return promises, seconds, cpu, peak_of_memory()
