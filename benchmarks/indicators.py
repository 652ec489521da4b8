"""Measures the indicators of a year over a store of many complaints: all of them at once, and one page (E2).

The store is a synthetic year (``synthetic_year``) in which every move was recorded when it was made. It is read as of
a day after its end in a process of its own, so that the peak of memory is that of the reading.
"""

import multiprocessing
import resource
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.measures import Measure, Target, machine_load, new_measure
from benchmarks.stores import new_store
from benchmarks.synthetic_year import BEGIN, DAYS, add_people, add_staff, drawn_complaints, write_complaints
from engine.clock import system_now
from engine.rules.in_force import rules_in
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from reports.indicators.figures import figures
from reports.indicators.periods import period_of, trend_to

CASES: Final = 1_000_000
CREATED: Final = BEGIN - timedelta(days=61)
"""When the store is created: before the lives that are copied, which else were recorded later than they took place."""
MOST_SECONDS, MOST_MEGABYTES, MOST_OF_A_PAGE = 60.0, 500.0, 2.0
MONTHS, PAGE = trend_to(period_of("2026-12"), 11), "satisfied_share"
OF_YEAR = "each sort of fact is one pass over the record, ten moves a case"
OF_MEMORY = "Python gets a cell for each combination of attributes"
OF_PAGE = "a trend of a year reads every round of the year; no figure is stored (ADR 67)"


def rows(database: str, cases: int = CASES) -> list[Measure]:
    """Return seconds and memory of a year's indicators, and the seconds of the trend of one of them.

    The targets are those of a million cases. With fewer cases the figures say how many, and are only recorded.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as folder, new_store(Path(folder), database, CREATED) as settings:
        with closing(settings.store()) as store:
            add_staff(store)
            add_people(store)
            write_complaints(store, drawn_complaints(cases, seed=18))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            year, page, megabytes = pool.apply(read, (settings,))
    how = f"12 months of every indicator, {cases:,} complaints; {machine_load()}"
    one = f"12 months of {PAGE}, {cases:,} complaints; {machine_load()}"
    of = "" if cases == CASES else f" ({cases:,} cases)"
    measures = (
        (new_measure(f"indicators of a year{of}", database, year, None, "s", how), MOST_SECONDS, OF_YEAR),
        (new_measure(f"indicators of a year, memory{of}", database, megabytes, None, "MB", how), MOST_MEGABYTES,
         OF_MEMORY),
        (new_measure(f"indicators, one with its trend{of}", database, page, None, "s", one), MOST_OF_A_PAGE, OF_PAGE),
    )  # fmt: skip
    if cases < CASES:
        return [figure for figure, _, _ in measures]
    return [Target(most, at_least=False, obstacle=why).judge(figure) for figure, most, why in measures]


def read(settings: Settings) -> tuple[float, float, float]:
    """Return the seconds of all indicators and of one, and the peak of this process in megabytes."""
    with closing(settings.store()) as store:
        year, page = _seconds(store), _seconds(store, PAGE)
    return year, page, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(store: Store, name: str = "") -> float:
    as_of = to_micros(max(BEGIN + timedelta(days=DAYS + 60), system_now()))
    began = time.perf_counter()
    with store.looking() as tx:
        rules = rules_in(tx)
        known = rules.indicators(as_of)
        figures(tx, rules, [known[name]] if name else list(known.values()), MONTHS, as_of)
    return time.perf_counter() - began
