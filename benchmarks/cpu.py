"""Compares the CPU time of a move with that of the peer systems: seconds of this process, in alternating rounds.

On Postgres the server's own seconds are left out on both sides; it writes the same rows for both, and for DBOS the
record of a workflow besides.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measures import Measure, Target, machine_load, new_measure, p50
from benchmarks.move_template import count_rows, record_template
from benchmarks.peer_systems import DbosPeer, SqlmodelPeer
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, RESOLUTION, new_stores
from engine.clock import system_now
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store

ROUNDS, MOVES = 10, 50
SQLMODEL, DBOS = 15.0, 10.0
"""The target: closeloop uses so many times less CPU."""
OBSTACLE = "what a move costs here is mostly the driver's calls, which both sides make"
MakeMove = Callable[[Command, datetime], object]


def rows(database: str, rounds: int = ROUNDS, moves: int = MOVES) -> list[Measure]:
    """Return the CPU per move against each peer that this database and this environment have."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_stores(Path(name), database, 2) as [ours, theirs],
        closing(ours.store()) as store,
    ):
        return list(_rows(store, theirs.url, rounds, moves))


def _rows(store: Store, system_url: str, rounds: int, moves: int) -> Iterator[Measure]:
    at, database = system_now(), "postgres" if store.postgres else "sqlite"
    recorded, *numbers = seed(store, 1 + 2 * 2 * (rounds + 1) * moves, at=at)
    template = record_template(store, _command(recorded), at)
    half = len(numbers) // 2

    with closing(SqlmodelPeer(store, template)) as peer:
        seconds = _measure_rounds(store, peer.move, numbers[:half], moves, at)
    yield _judge(database, "SQLModel + transitions", SQLMODEL, seconds, rounds)
    if store.postgres and find_spec("dbos"):
        with closing(DbosPeer(store, template, system_url)) as peer:
            seconds = _measure_rounds(store, peer.move, numbers[half:], moves, at)
        yield _judge(database, "DBOS peer", DBOS, seconds, rounds)


def _command(number: str) -> Command:
    return Command(number, "resolve", RESOLUTION, HANDLER, "api", f"resolve:{number}")


def _measure_rounds(
    store: Store, peer: MakeMove, numbers: Sequence[str], moves: int, at: datetime
) -> tuple[list[float], list[float]]:
    """Return the seconds per move of each round, ours and the peer's; the first round warms up and is left out."""
    seconds: tuple[list[float], list[float]] = ([], [])
    sides: tuple[MakeMove, MakeMove] = (lambda command, at: advance(store, command, at), peer)
    for low in range(0, len(numbers), 2 * moves):
        added: list[dict[str, int]] = []
        for side, make_move in enumerate(sides):
            before = count_rows(store)
            seconds[side].append(_cpu(make_move, numbers[low + side * moves :][:moves], at))
            added.append({table: n - before[table] for table, n in count_rows(store).items()})
        assert added[0] == added[1], f"ours wrote {added[0]}, the peer {added[1]}"
    return seconds[0][1:], seconds[1][1:]


def _cpu(make_move: MakeMove, numbers: Sequence[str], at: datetime) -> float:
    commands = [_command(number) for number in numbers]
    began = time.process_time()
    for command in commands:
        make_move(command, at)
    return (time.process_time() - began) / len(commands)


def _judge(database: str, peer: str, least: float, seconds: tuple[list[float], list[float]], rounds: int) -> Measure:
    ours, theirs = p50(seconds[0]), p50(seconds[1])
    how = f"{1e6 * ours:.0f} µs of CPU a move against {1e6 * theirs:.0f}; median of {rounds} rounds; {machine_load()}"
    figure = new_measure(f"CPU per move against {peer}", database, 1 / ours, 1 / theirs, "moves/CPU s", how)
    return Target(least, obstacle=OBSTACLE).judge(figure)
