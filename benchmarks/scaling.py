"""Whether a move costs the same in a large store: the p50 of ``advance`` at ten thousand, 100,000 and a million cases.

The stores stand side by side and take turns, round by round; the cases that move are drawn from all over each.
"""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.measures import Measure, Target, load, p50, recorded
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, TEXT, several
from engine.clock import system_now
from engine.commands.advance import Command, advance
from engine.settings import Settings
from engine.store import Store

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, MOVES = 30, 30
MOST = 1.3
NAME = "advance p50 at {:,} cases".format
OBSTACLE = "deeper indexes, and pages that no cache holds"


def rows(database: str, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, moves: int = MOVES) -> list[Measure]:
    """The curve: the smallest store is the reference of the others."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, several(Path(name), database, len(sizes)) as stores:
        took = _taken(stores, sizes, rounds, moves)
    least = p50(took[0])
    how = f"median of {rounds} rounds of {moves} moves; {load()}"
    found = [recorded(NAME(sizes[0]), database, least, None, "µs", how)]
    for size, mine in zip(sizes[1:], took[1:], strict=True):
        one = recorded(NAME(size), database, p50(mine), least, "µs", f"against {sizes[0]:,} cases; {how}")
        found.append(Target(MOST, at_least=False, obstacle=OBSTACLE).judge(one))
    return found


def _taken(stores: Sequence[Settings], sizes: Sequence[int], rounds: int, moves: int) -> list[list[float]]:
    """For each store the p50 of each round, in microseconds."""
    at = system_now()
    drawn = [_drawn(settings, size, (rounds + 1) * moves, at) for settings, size in zip(stores, sizes, strict=True)]
    took: list[list[float]] = [[] for _ in stores]
    opened = [settings.store() for settings in stores]
    for _ in range(rounds + 1):
        for store, numbers, mine in zip(opened, drawn, took, strict=True):
            mine.append(p50(_moved(store, [next(numbers) for _ in range(moves)], at)))
    for store in opened:
        store.close()
    return [mine[1:] for mine in took]  # the first round warms up


def _drawn(settings: Settings, size: int, many: int, at: datetime) -> Iterator[str]:
    with closing(settings.store()) as store:
        return iter(random.Random(size).sample(seed(store, size, at=at), many))  # noqa: S311


def _moved(store: Store, numbers: Sequence[str], at: datetime) -> Iterator[float]:
    for number in numbers:
        command = Command(number, "resolve", {"result": TEXT}, HANDLER, "api", f"resolve:{number}")
        began = time.perf_counter()
        advance(store, command, at)
        yield 1e6 * (time.perf_counter() - began)
