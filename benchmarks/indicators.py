"""Measures the indicators of a year over a store of many complaints: all of them at once, and one page (E2).

The store is a synthetic year (``synthetic_year``) in which every move was recorded when it was made. The year is read
as of a day after its end: first from the record alone, then from counts that are kept as a night keeps them, two days
before the year ends, and brought forward by a day, with the difference of all cases that moved since. Each of these is
done in a process of its own, so that the peak of memory is that of it alone.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.measures import Measure, Target, machine_load, new_measure
from benchmarks.stores import new_store
from benchmarks.synthetic_year import BEGIN, DAYS, add_people, add_staff, drawn_complaints, write_complaints
from engine.clock import system_now
from engine.rules.in_force import rules_in
from engine.settings import Settings
from flows.nights.indicator_counts import count_as_of
from models.columns import to_micros
from reports.indicators.figures import figures
from reports.indicators.periods import period_of, trend_to

CASES: Final = 1_000_000
CREATED: Final = BEGIN - timedelta(days=61)
"""When the store is created: before the lives that are copied, which else were recorded later than they took place."""
KEPT_AT, FORWARD_TO = (to_micros(BEGIN + timedelta(days=DAYS - days)) for days in (2, 1))
MOST_SECONDS, MOST_MEGABYTES, MOST_OF_A_PAGE = 60.0, 500.0, 2.0
MONTHS, PAGE, MEDIAN = trend_to(period_of("2026-12"), 11), "satisfied_share", "time_to_close"
MOVED = "SELECT count(*) AS n FROM cases WHERE changed_at > :since"
OF_YEAR = "recurrences are read from the record, in a pass of their own"
OF_MEMORY = "Python gets a cell for each combination of attributes, and every duration"
OF_PAGE = "what the cases count that moved since the last night is read twice"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took: seconds, seconds of CPU of its own process, and the peak of that process in megabytes."""

    seconds: float
    cpu: float
    megabytes: float


def rows(database: str, cases: int = CASES) -> list[Measure]:
    """Return seconds and memory of a year's indicators, of one with its trend, and of what the nights keep of them.

    The targets are those of a million cases. With fewer cases the figures say how many, and are only recorded.
    """
    with tempfile.TemporaryDirectory(prefix="bench") as folder, new_store(Path(folder), database, CREATED) as settings:
        with closing(settings.store()) as store:
            add_staff(store)
            add_people(store)
            write_complaints(store, drawn_complaints(cases, seed=18))
            with store.looking() as tx:
                moved: int = tx.row(MOVED, since=KEPT_AT).n
        plain_year, plain_page, plain_median = (_alone(read, settings, name) for name in ("", PAGE, MEDIAN))
        first, forward = _alone(keep, settings, KEPT_AT), _alone(keep, settings, FORWARD_TO)
        year, page, median = (_alone(read, settings, name) for name in ("", PAGE, MEDIAN))
    of = "" if cases == CASES else f" ({cases:,} cases)"

    def measured(name: str, spent: Spent, what: str) -> Measure:
        how = f"{what}, {cases:,} complaints, {spent.cpu:.1f} s of CPU in Python; {machine_load()}"
        return new_measure(f"indicators{name}{of}", database, spent.seconds, None, "s", how)

    def peak(name: str, spent: Spent) -> Measure:
        return new_measure(f"indicators{name}, memory{of}", database, spent.megabytes, None, "MB", machine_load())

    since = f"{moved:,} cases moved since the counts were kept"
    judged = (
        (measured(" of a year", year, f"12 months of every indicator, {since}"), MOST_SECONDS, OF_YEAR),
        (peak(" of a year", year), MOST_MEGABYTES, OF_MEMORY),
        (measured(", one with its trend", page, f"12 months of {PAGE}, {since}"), MOST_OF_A_PAGE, OF_PAGE),
        (measured(", a median with its trend", median, f"12 months of {MEDIAN}, {since}"), MOST_OF_A_PAGE, OF_PAGE),
        (peak(", first count of a night", first), MOST_MEGABYTES, OF_MEMORY),
    )
    recorded = (
        measured(" of a year, from the record", plain_year, "12 months of every indicator, nothing kept"),
        peak(" of a year, from the record", plain_year),
        measured(", one with its trend, from the record", plain_page, f"12 months of {PAGE}, nothing kept"),
        measured(", a median with its trend, from the record", plain_median, f"12 months of {MEDIAN}, nothing kept"),
        measured(", first count of a night", first, "every count that is kept"),
        measured(", counts brought forward", forward, f"every count, {since}"),
        new_measure(
            f"indicators, counts brought forward, of a case{of}", database, 1000 * forward.seconds / max(moved, 1),
            None, "ms", f"of each of {moved:,} cases that moved; {machine_load()}",
        ),
    )  # fmt: skip
    if cases < CASES:
        return [*(figure for figure, _, _ in judged), *recorded]
    return [*(Target(most, at_least=False, obstacle=why).judge(figure) for figure, most, why in judged), *recorded]


def read(settings: Settings, name: str) -> Spent:
    """Return what it takes to read 12 months of an indicator, or of all without a name."""
    as_of = to_micros(max(BEGIN + timedelta(days=DAYS + 60), system_now()))
    with closing(settings.store()) as store:
        began, cpu = time.perf_counter(), time.process_time()
        with store.looking() as tx:
            rules = rules_in(tx)
            known = rules.indicators(as_of)
            figures(tx, rules, [known[name]] if name else list(known.values()), MONTHS, as_of)
        return _spent(began, cpu)


def keep(settings: Settings, at: int) -> Spent:
    """Return what it takes to bring all counts to an instant, in microseconds."""
    with closing(settings.store()) as store:
        began, cpu = time.perf_counter(), time.process_time()
        count_as_of(store, at)
        return _spent(began, cpu)


def _spent(began: float, cpu: float) -> Spent:
    return Spent(time.perf_counter() - began, time.process_time() - cpu, _peak())


def _peak() -> float:
    """Return the peak of this process in megabytes, without that of its parent, which ``getrusage`` would count."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kilobytes) / 1024


def _alone(work: Callable[[Settings, _T], Spent], settings: Settings, of: _T) -> Spent:
    """Do some work in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (settings, of))
