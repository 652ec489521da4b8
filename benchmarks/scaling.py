"""Measures ``advance`` as the store grows: the p50 at ten thousand, 100,000 and a million cases.

The stores are measured alternately, round by round; the cases that move are drawn at random from each.
"""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.measures import Measure, Target, machine_load, new_measure, p50
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, RESOLUTION, new_stores
from engine.clock import system_now
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.settings import Settings
from engine.store import Store

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, MOVES = 30, 30
MOST = 1.3
NAME = "advance p50 at {:,} cases".format
OBSTACLE = "deeper indexes, and pages that no cache holds"


def rows(database: str, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, moves: int = MOVES) -> list[Measure]:
    """Return the p50 at each size; the smallest store is the reference of the others."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_stores(Path(name), database, len(sizes)) as stores:
        medians = _measure_rounds(stores, sizes, rounds, moves)
    least = p50(medians[0])
    how = f"median of {rounds} rounds of {moves} moves; {machine_load()}"
    measures = [new_measure(NAME(sizes[0]), database, least, None, "µs", how)]
    for size, median in zip(sizes[1:], medians[1:], strict=True):
        figure = new_measure(NAME(size), database, p50(median), least, "µs", f"against {sizes[0]:,} cases; {how}")
        measures.append(Target(MOST, at_least=False, obstacle=OBSTACLE).judge(figure))
    return measures


def _measure_rounds(stores: Sequence[Settings], sizes: Sequence[int], rounds: int, moves: int) -> list[list[float]]:
    """Return for each store the p50 of each round, in microseconds."""
    at = system_now()
    count = (rounds + 1) * moves
    drawn = [_draw_numbers(settings, size, count, at) for settings, size in zip(stores, sizes, strict=True)]
    medians: list[list[float]] = [[] for _ in stores]
    opened = [settings.store() for settings in stores]
    for _ in range(rounds + 1):
        for store, numbers, per_round in zip(opened, drawn, medians, strict=True):
            per_round.append(p50(_time_moves(store, [next(numbers) for _ in range(moves)], at)))
    for store in opened:
        store.close()
    return [per_round[1:] for per_round in medians]  # the first round warms up


def _draw_numbers(settings: Settings, size: int, count: int, at: datetime) -> Iterator[str]:
    with closing(settings.store()) as store:
        return iter(random.Random(size).sample(seed(store, size, at=at), count))  # noqa: S311


def _time_moves(store: Store, numbers: Sequence[str], at: datetime) -> Iterator[float]:
    for number in numbers:
        command = Command(number, "resolve", RESOLUTION, HANDLER, "api", f"resolve:{number}")
        began = time.perf_counter()
        advance(store, command, at)
        yield 1e6 * (time.perf_counter() - began)
