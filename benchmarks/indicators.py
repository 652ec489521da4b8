"""Measures the indicators of a year over a store of many complaints: all of them at once, and one page (E2).

The store is a synthetic year (``synthetic_year``) in which every move was recorded when it was made. The year is read
as of a day after its end: first from the record alone, then from counts that are kept as a night keeps them, two days
before the year ends, and brought forward by a day, with the difference of all cases that moved since. Each of these is
done in a process of its own, so that the peak of memory is that of it alone.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
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
MONTHS = trend_to(period_of("2026-12"), 11)
MOVED = "SELECT count(*) AS n FROM cases WHERE changed_at > :since"
OF_MEMORY = "Python gets a cell for each combination of attributes, and every duration"
OF_PAGE = "what the cases count that moved since the last night is read twice"
READ: Final = {
    "": (" of a year", MOST_SECONDS, OF_PAGE),
    "satisfied_share": (", one with its trend", MOST_OF_A_PAGE, OF_PAGE),
    "time_to_close": (", a median with its trend", MOST_OF_A_PAGE, OF_PAGE),
    "recurrence_rate": (", recurrences with their trend", MOST_OF_A_PAGE, OF_PAGE),
}
"""What is read, all without a name: what the figure is called, its target in seconds, and why it would be missed."""
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
        moved = _fill(settings, cases)
        from_record = {name: _alone(read, settings, name) for name in READ}
        first, forward = _alone(keep, settings, KEPT_AT), _alone(keep, settings, FORWARD_TO)
        kept = {name: _alone(read, settings, name) for name in READ}
    figures = _Figures(database, cases, moved)
    judged = [*figures.of_kept(kept), (figures.peak(", first count of a night", first), MOST_MEGABYTES, OF_MEMORY)]
    recorded = [*figures.of_record(from_record), *figures.of_nights(first, forward)]
    if cases < CASES:
        return [*(figure for figure, _, _ in judged), *recorded]
    return [*(Target(most, at_least=False, obstacle=why).judge(figure) for figure, most, why in judged), *recorded]


def _fill(settings: Settings, cases: int) -> int:
    """Write so many complaints of a year; return how many moved after the counts were kept."""
    with closing(settings.store()) as store:
        add_staff(store)
        add_people(store)
        write_complaints(store, drawn_complaints(cases, seed=18))
        with store.looking() as tx:
            return tx.row(MOVED, since=KEPT_AT).n


@dataclass(frozen=True, slots=True)
class _Figures:
    """Makes the figures of a store of so many cases, of which so many moved after the counts were kept."""

    database: str
    cases: int
    moved: int

    def of_kept(self, kept: Mapping[str, Spent]) -> Iterator[tuple[Measure, float, str]]:
        """Yield the figures of what is read with the kept counts, each with its target and obstacle."""
        since = f"{self.moved:,} cases moved since the counts were kept"
        for name, (shown, most, why) in READ.items():
            yield self.measured(shown, kept[name], f"12 months of {name or 'every indicator'}, {since}"), most, why
        yield self.peak(READ[""][0], kept[""]), MOST_MEGABYTES, OF_MEMORY

    def of_record(self, read: Mapping[str, Spent]) -> Iterator[Measure]:
        """Yield the figures of what is read from the record alone."""
        for name, (shown, _, _) in READ.items():
            what = f"12 months of {name or 'every indicator'}, nothing kept"
            yield self.measured(f"{shown}, from the record", read[name], what)
        yield self.peak(f"{READ[''][0]}, from the record", read[""])

    def of_nights(self, first: Spent, forward: Spent) -> Iterator[Measure]:
        """Yield the figures of the nights that keep the counts."""
        yield self.measured(", first count of a night", first, "every count that is kept")
        yield self.measured(", counts brought forward", forward, f"every count, {self.moved:,} cases moved since")
        how = f"of each of {self.moved:,} cases that moved; {machine_load()}"
        of_a_case = 1000 * forward.seconds / max(self.moved, 1)
        yield new_measure(self._name(", counts brought forward, of a case"), self.database, of_a_case, None, "ms", how)

    def measured(self, name: str, spent: Spent, what: str) -> Measure:
        """Return the seconds that some work took."""
        how = f"{what}, {self.cases:,} complaints, {spent.cpu:.1f} s of CPU in Python; {machine_load()}"
        return new_measure(self._name(name), self.database, spent.seconds, None, "s", how)

    def peak(self, name: str, spent: Spent) -> Measure:
        """Return the most memory that some work took."""
        return new_measure(self._name(f"{name}, memory"), self.database, spent.megabytes, None, "MB", machine_load())

    def _name(self, name: str) -> str:
        return f"indicators{name}" if self.cases == CASES else f"indicators{name} ({self.cases:,} cases)"


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
