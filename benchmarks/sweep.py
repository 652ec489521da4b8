"""What a sweep of many thousand rungs costs, held against set-based SQL that writes the same rows.

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

from benchmarks.measures import Measure, Target, digits, load, p50, recorded
from benchmarks.stores import founded
from benchmarks.sweep_plan import Plan, Turn
from benchmarks.sweep_sql import fire_by_sql
from engine.clock import system_now
from engine.escalation.fire import LAST
from engine.escalation.id_ranges import ranges
from engine.escalation.sweep import chunks, fire_chunk
from engine.settings import Settings
from models.columns import from_micros
from statemachines.kinds import lifecycle_of

CASES, SOME, ROUNDS = 1_000_000, 100_000, 3
ROUNDS_OF_ALL = 1
"""A million rungs each way take minutes."""
SLOWEST = {"some": {"sqlite": 1.5, "postgres": 1.5}, "all": {"sqlite": 2.5, "postgres": 1.5}}
SHARE, TWICE, ROOM = 0.6, 1.4, 300
AT_WORK = "the rules, the chain and a commit for each thousand stand in the way"
ONE_DISK = "both workers share two cores with Postgres, and its log"


def rows(database: str, cases: int = CASES, due: int = SOME, rounds: int = ROUNDS) -> list[Measure]:
    """Some due of many, then all of them, in one store; each round fires one way after the other."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, founded(Path(name), database) as settings:
        bench = _Bench(settings, Plan(system_now(), cases, due))
        with closing(bench):
            some = bench.taken(bench.plan.some(), rounds)
            bench.ours(Turn(bench.plan.rest(), 0, 0))
            every = bench.taken(bench.plan.all(), min(rounds, ROUNDS_OF_ALL))
    found = [*_held(database, "some", due, cases, some), *_held(database, "all", cases, cases, every)]
    return [*found, _room(database, cases, bench.megabytes)]


@dataclass(slots=True)
class _Taken:
    """Seconds of each round, by the way of firing."""

    ours: list[float] = field(default_factory=list[float])
    sql: list[float] = field(default_factory=list[float])
    two: list[float] = field(default_factory=list[float])


class _Bench:
    """A filled store, a worker that sweeps it alone, and two that share it."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self.plan = plan
        self.megabytes = 0.0
        self._settings = settings
        self._open = ExitStack()
        self._store = self._open.enter_context(closing(settings.store()))
        plan.fill(self._store)
        self._alone = self._open.enter_context(_workers(settings, 1))
        self._both = self._open.enter_context(_workers(settings, 2)) if self._store.postgres else None

    def close(self) -> None:
        """Send the workers home."""
        self._open.close()

    def taken(self, turns: Iterator[Turn], rounds: int) -> _Taken:
        """Fire as many rounds as there are turns for, each way taking the next turn."""
        took = _Taken()
        ways = [(self.ours, took.ours), (self.sql, took.sql), *([(self.two, took.two)] if self._both else [])]
        left = list(turns)
        for number in range(min(rounds, len(left) // len(ways))):
            for way, mine in ways if number % 2 == 0 else reversed(ways):
                mine.append(self._timed(way, left.pop(0)))
        return took

    def _timed(self, way: Callable[[Turn], None], turn: Turn) -> float:
        before = self._fired()
        began = time.perf_counter()
        way(turn)
        took = time.perf_counter() - began
        if self._fired() - before != turn.cases:
            raise AssertionError(f"{self._fired() - before} rungs fired where {turn.cases} were due")
        return took

    def _fired(self) -> int:
        with self._store.looking() as tx:
            return tx.row("SELECT count(*) AS n FROM escalation_step").n

    def ours(self, turn: Turn) -> None:
        """By the thousand, in a process of its own."""
        [self.megabytes] = self._alone.starmap(_sweep, [(self._settings, turn.at, 0, LAST)])

    def sql(self, turn: Turn) -> None:
        """By SQL alone."""
        fire_by_sql(self._store, turn.at, turn.rung, lifecycle_of("complaint").version)

    def two(self, turn: Turn) -> None:
        """By the thousand, shared out among two processes."""
        assert self._both is not None
        shares = ranges(self._store, from_micros(turn.at), 2)
        self._both.starmap(_sweep, [(self._settings, turn.at, one.low, one.high) for one in shares], chunksize=1)


def _sweep(settings: Settings, at: int, low: int, high: int) -> float:
    """In the worker: fire a range as a night does; the most memory it ever held, in megabytes."""
    with closing(settings.store()) as store:
        now = from_micros(at)
        for chunk in chunks(store, now, low, high):
            fire_chunk(store, chunk, now, tell=False)
    return _peak()


def _peak() -> float:
    """Megabytes; ``ru_maxrss`` would count what the parent held when it began this process."""
    said = Path("/proc/self/status").read_text("ascii")
    return int(said.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def _workers(settings: Settings, count: int) -> Iterator[Any]:
    """Processes that have begun, and have opened the store once."""
    with get_context("spawn").Pool(count) as pool:
        pool.starmap(_sweep, [(settings, 0, 0, LAST)] * 2 * count, chunksize=1)
        yield pool


def _held(database: str, which: str, due: int, cases: int, took: _Taken) -> list[Measure]:
    ours, sql = p50(took.ours), p50(took.sql)
    how = f"median of {len(took.ours)} rounds, {1e6 * sql / due:.0f} µs a rung by SQL; {load()}"
    name = f"sweep of {due:,} rungs due of {cases:,} cases"
    slowest = Target(SLOWEST[which][database], at_least=False, obstacle=AT_WORK)
    found = [slowest.judge(recorded(name, database, ours, sql, "s", how))]
    if took.two:
        rate = recorded(f"rungs a second, by the thousand, {name}", database, due / ours, due / sql, "1/s", how)
        found.append(Target(SHARE, obstacle=AT_WORK).judge(rate))
        two = recorded(f"two workers, {name}", database, due / p50(took.two), due / ours, "1/s", f"against one; {how}")
        found.append(Target(TWICE, obstacle=ONE_DISK).judge(two))
    return found


def _room(database: str, cases: int, megabytes: float) -> Measure:
    one = recorded(
        f"memory of a sweep of {cases:,} rungs", database, digits(megabytes), None, "MB", "peak of the process"
    )
    return Target(ROOM, at_least=False, obstacle="chunks and what they hold").judge(one)


def main(told: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--due", type=int, default=SOME)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args(told)
    for database in asked.database or ("sqlite", "postgres"):
        for one in rows(database, asked.cases, asked.due, asked.rounds):
            against = "" if one.ratio is None else f"{one.ratio:6.2f} × {one.reference:g}"
            print(
                f"{database:9} {one.measure:64} {one.ours:10g} {one.unit:4} {against}  {one.bound} {one.met}  {one.why}"
            )


if __name__ == "__main__":
    main()
