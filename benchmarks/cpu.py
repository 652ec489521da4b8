"""CPU of a move against the peers: seconds of this process, in rounds by turns.

On Postgres the server's own seconds are left out on both sides; the rows that it writes are the same, and DBOS has it
write a workflow's record besides.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measures import Measure, Target, load, p50, recorded
from benchmarks.move_template import counted, watched
from benchmarks.peer_systems import Sessions, Steps
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, TEXT, several
from engine.clock import system_now
from engine.commands.advance import Command, advance
from engine.store import Store

ROUNDS, MOVES = 10, 50
SESSIONS, STEPS = 15.0, 10.0
"""So many times less CPU is expected of us."""
OBSTACLE = "what a move costs here is mostly the driver's calls, which both sides make"
Way = Callable[[Command, datetime], object]


def rows(database: str, rounds: int = ROUNDS, moves: int = MOVES) -> list[Measure]:
    """CPU per move against each peer that this database and this environment have."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        several(Path(name), database, 2) as [ours, theirs],
        closing(ours.store()) as store,
    ):
        return list(_rows(store, theirs.url, rounds, moves))


def _rows(store: Store, system_url: str, rounds: int, moves: int) -> Iterator[Measure]:
    at, database = system_now(), "postgres" if store.postgres else "sqlite"
    watch, *numbers = seed(store, 1 + 2 * 2 * (rounds + 1) * moves, at=at)
    kind = watched(store, _command(watch), at)
    half = len(numbers) // 2

    with closing(Sessions(store, kind)) as sessions:
        took = _taken(store, sessions.move, numbers[:half], moves, at)
    yield _told(database, "SQLModel + transitions", SESSIONS, took, rounds)
    if store.postgres and find_spec("dbos"):
        with closing(Steps(store, kind, system_url)) as steps:
            took = _taken(store, steps.move, numbers[half:], moves, at)
        yield _told(database, "DBOS steps", STEPS, took, rounds)


def _command(number: str) -> Command:
    return Command(number, "resolve", {"result": TEXT}, HANDLER, "api", f"resolve:{number}")


def _taken(
    store: Store, peer: Way, numbers: Sequence[str], moves: int, at: datetime
) -> tuple[list[float], list[float]]:
    """Seconds a move, ours and the peer's, round by round; the first round warms up."""
    took: tuple[list[float], list[float]] = ([], [])
    ways: tuple[Way, Way] = (lambda command, at: advance(store, command, at), peer)
    for low in range(0, len(numbers), 2 * moves):
        wrote: list[dict[str, int]] = []
        for side, way in enumerate(ways):
            before = counted(store)
            took[side].append(_cpu(way, numbers[low + side * moves :][:moves], at))
            wrote.append({table: n - before[table] for table, n in counted(store).items()})
        assert wrote[0] == wrote[1], f"ours wrote {wrote[0]}, the peer {wrote[1]}"
    return took[0][1:], took[1][1:]


def _cpu(way: Way, numbers: Sequence[str], at: datetime) -> float:
    commands = [_command(number) for number in numbers]
    began = time.process_time()
    for command in commands:
        way(command, at)
    return (time.process_time() - began) / len(commands)


def _told(database: str, peer: str, least: float, took: tuple[list[float], list[float]], rounds: int) -> Measure:
    ours, theirs = p50(took[0]), p50(took[1])
    how = f"{1e6 * ours:.0f} µs of CPU a move against {1e6 * theirs:.0f}; median of {rounds} rounds; {load()}"
    one = recorded(f"CPU per move against {peer}", database, 1 / ours, 1 / theirs, "moves/CPU s", how)
    return Target(least, obstacle=OBSTACLE).judge(one)
