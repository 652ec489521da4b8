"""Compares a sweep of many thousand escalation steps with set-based SQL that writes the same rows.

Run it with ``python -m benchmarks.sweep [--database sqlite|postgres] [--cases N] [--due N] [--rounds 3]``.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.measures import Measure, Target, machine_load, new_measure, p50, round_figure
from benchmarks.stores import new_store
from benchmarks.sweep_plan import DueBatch, SweepPlan
from benchmarks.sweep_sql import fire_by_sql
from engine.clock import system_now
from engine.escalation.fire import LAST
from engine.escalation.id_ranges import ranges
from engine.escalation.sweep import chunks, fire_chunk
from engine.settings import Settings
from flows.work import freeze_heap
from models.columns import from_micros
from statemachines.kinds import lifecycle_of

CASES, SOME, ROUNDS = 1_000_000, 100_000, 3
ROUNDS_OF_ALL = 1
"""A million steps take minutes, for each method."""
SLOWEST = {"some": {"sqlite": 1.5, "postgres": 1.5}, "all": {"sqlite": 2.5, "postgres": 1.5}}
SHARE, TWICE, ROOM = 0.6, 1.4, 300
AT_WORK = "the rules, the chain and a commit for each thousand"
ONE_DISK = "both workers share two cores with Postgres, and its log"


def rows(database: str, cases: int = CASES, due: int = SOME, rounds: int = ROUNDS) -> list[Measure]:
    """Measure some cases due of many, then all of them, in one store; each round runs one method after the other."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_store(Path(name), database) as settings:
        bench = _Bench(settings, SweepPlan(system_now(), cases, due))
        with closing(bench):
            some = bench.measure_rounds(bench.plan.some(), rounds)
            bench.sweep_alone(DueBatch(bench.plan.rest(), 0, 0))
            every = bench.measure_rounds(bench.plan.all(), min(rounds, ROUNDS_OF_ALL))
    measures = [*_judge(database, "some", due, cases, some), *_judge(database, "all", cases, cases, every)]
    return [*measures, _judge_memory(database, cases, bench.megabytes)]


@dataclass(slots=True)
class _Seconds:
    """Seconds of each round, for each method of firing."""

    ours: list[float] = field(default_factory=list[float])
    sql: list[float] = field(default_factory=list[float])
    two: list[float] = field(default_factory=list[float])


class _Bench:
    """A filled store, a worker that sweeps it alone, and two that share it."""

    def __init__(self, settings: Settings, plan: SweepPlan) -> None:
        self.plan = plan
        self.megabytes = 0.0
        self._settings = settings
        self._open = ExitStack()
        self._store = self._open.enter_context(closing(settings.store()))
        plan.fill(self._store)
        self._alone = self._open.enter_context(_workers(settings, 1))
        self._both = self._open.enter_context(_workers(settings, 2)) if self._store.postgres else None

    def close(self) -> None:
        """Stop the workers."""
        self._open.close()

    def measure_rounds(self, batches: Iterator[DueBatch], rounds: int) -> _Seconds:
        """Run at most so many rounds, as far as the batches last; each method fires the next batch."""
        seconds = _Seconds()
        methods = [(self.sweep_alone, seconds.ours), (self.fire_by_sql, seconds.sql)]
        if self._both:
            methods.append((self.sweep_by_two, seconds.two))
        left = list(batches)
        for number in range(min(rounds, len(left) // len(methods))):
            for method, results in methods if number % 2 == 0 else reversed(methods):
                results.append(self._time(method, left.pop(0)))
        return seconds

    def _time(self, method: Callable[[DueBatch], None], batch: DueBatch) -> float:
        before = self._count_steps()
        began = time.perf_counter()
        method(batch)
        elapsed = time.perf_counter() - began
        fired = self._count_steps() - before
        if fired != batch.cases:
            raise AssertionError(f"{fired} steps fired where {batch.cases} were due")
        return elapsed

    def _count_steps(self) -> int:
        with self._store.looking() as tx:
            return tx.row("SELECT count(*) AS n FROM escalation_step").n

    def sweep_alone(self, batch: DueBatch) -> None:
        """Fire the batch by the thousand, in a process of its own."""
        [self.megabytes] = self._alone.starmap(_sweep, [(self._settings, batch.at, 0, LAST)])

    def fire_by_sql(self, batch: DueBatch) -> None:
        """Fire the batch by SQL alone."""
        fire_by_sql(self._store, batch.at, batch.step, lifecycle_of("complaint").version)

    def sweep_by_two(self, batch: DueBatch) -> None:
        """Fire the batch by the thousand, shared between two processes."""
        assert self._both is not None
        shares = ranges(self._store, from_micros(batch.at), 2)
        self._both.starmap(_sweep, [(self._settings, batch.at, share.low, share.high) for share in shares], chunksize=1)


def _sweep(settings: Settings, at: int, low: int, high: int) -> float:
    """In the worker: fire a range as a night does; return the peak memory of the process in megabytes."""
    freeze_heap()
    with closing(settings.store()) as store:
        now = from_micros(at)
        for chunk in chunks(store, now, low, high):
            fire_chunk(store, chunk, now, tell=False)
    return _peak_memory()


def _peak_memory() -> float:
    """Return megabytes; ``ru_maxrss`` would count what the parent held when it started this process."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def _workers(settings: Settings, count: int) -> Iterator[Any]:
    """Start processes that have each opened the store once."""
    with get_context("spawn").Pool(count) as pool:
        pool.starmap(_sweep, [(settings, 0, 0, LAST)] * 2 * count, chunksize=1)
        yield pool


def _judge(database: str, which: str, due: int, cases: int, seconds: _Seconds) -> list[Measure]:
    ours, sql = p50(seconds.ours), p50(seconds.sql)
    how = f"median of {len(seconds.ours)} rounds, {1e6 * sql / due:.0f} µs a step by SQL; {machine_load()}"
    name = f"sweep of {due:,} rungs due of {cases:,} cases"
    slowest = Target(SLOWEST[which][database], at_least=False, obstacle=AT_WORK)
    measures = [slowest.judge(new_measure(name, database, ours, sql, "s", how))]
    if seconds.two:
        rate = new_measure(f"rungs a second, by the thousand, {name}", database, due / ours, due / sql, "1/s", how)
        measures.append(Target(SHARE, obstacle=AT_WORK).judge(rate))
        by_two, how = due / p50(seconds.two), f"against one; {how}"
        two = new_measure(f"two workers, {name}", database, by_two, due / ours, "1/s", how)
        measures.append(Target(TWICE, obstacle=ONE_DISK).judge(two))
    return measures


def _judge_memory(database: str, cases: int, megabytes: float) -> Measure:
    figure = new_measure(
        f"memory of a sweep of {cases:,} rungs", database, round_figure(megabytes), None, "MB", "peak of the process"
    )
    return Target(ROOM, at_least=False, obstacle="chunks and what they hold").judge(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--due", type=int, default=SOME)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    for database in options.database or ("sqlite", "postgres"):
        for row in rows(database, options.cases, options.due, options.rounds):
            against = "" if row.ratio is None else f"{row.ratio:6.2f} × {row.reference:g}"
            print(
                f"{database:9} {row.measure:64} {row.ours:10g} {row.unit:4} {against}  {row.bound} {row.met}  {row.why}"
            )


if __name__ == "__main__":
    main()
