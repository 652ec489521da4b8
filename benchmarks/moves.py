"""Compares ``advance`` and ``advance_many`` with raw SQL that writes the same rows.

Two moves of a complaint are made one after the other on the same cases. *resolve*, by the handler: roles, form, a
personal text, two timers met, a third started. *revisit*, by the supervisor: guards and the separation of duties as
well, two texts, a timer met and another started. ``raw_sql`` lists what both sides write; after each round both must
have added the same number of rows to each table.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measures import Measure, Target, machine_load, new_measure, p50
from benchmarks.move_template import MoveJob, MoveTemplate, count_rows, record_template
from benchmarks.raw_sql import RawWriter, raw_writer
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, RESOLUTION, SUPERVISOR, TEXT, new_store
from engine.clock import system_now
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Answer, Command
from engine.store import Store
from models.columns import to_micros

GROUP = 100
ALONE_TARGET = {"sqlite": 0.7, "postgres": 0.8}
GROUP_TARGET = 0.6
SURVEY = {"outcome": "satisfied", "timeliness": 5, "attitude": 4, "words": TEXT, "need": TEXT}
MOVES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("resolve", RESOLUTION, HANDLER),
    ("revisit", SURVEY, SUPERVISOR),
)
OBSTACLE = "reading and deciding in Python beside SQL that decides nothing; alone, on caches that each sync leaves cold"


@dataclass(frozen=True, slots=True)
class Amounts:
    """The size of a measurement: rounds, each of so many moves alone and so many groups on each side."""

    rounds: int
    moves: int
    groups: int

    @property
    def cases(self) -> int:
        """Return the cases that one side needs in one round."""
        return self.moves + self.groups * GROUP


class Times(NamedTuple):
    """Microseconds per move, on one side and in one round: the median and the CPU, alone and in a group."""

    alone: float
    cpu_alone: float
    grouped: float
    cpu_grouped: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One move, made by the engine and by raw SQL on one store."""

    store: Store
    move: str
    form: dict[str, Any]
    actor: str
    at: datetime
    template: MoveTemplate
    raw: RawWriter

    def ours(self, numbers: Sequence[str]) -> list[Command]:
        """Return the commands for the engine."""
        return [Command(n, self.move, self.form, self.actor, "api", f"{self.move}:{n}") for n in numbers]

    def theirs(self, numbers: Sequence[str]) -> list[MoveJob]:
        """Return the jobs for the reference."""
        return [MoveJob(n, f"{self.move}:{n}", to_micros(self.at)) for n in numbers]

    def time_moves(self, numbers: Sequence[str], ours: bool, amounts: Amounts) -> Times:
        """Make the moves, some alone and the others in groups, and time them."""
        alone, rest = numbers[: amounts.moves], numbers[amounts.moves :]
        groups = [rest[n : n + GROUP] for n in range(0, len(rest), GROUP)]
        if ours:
            single = _time_each(lambda command: advance(self.store, command, self.at), self.ours(alone))
            grouped = _time_each(
                lambda group: _advance_all(self.store, group, self.at), [self.ours(group) for group in groups]
            )
        else:
            single = _time_each(self.raw.make_move, self.theirs(alone))
            grouped = _time_each(self.raw.make_moves, [self.theirs(group) for group in groups])
        return Times(*single, *(micros / GROUP for micros in grouped))


def rows(database: str, rounds: int = 30, moves: int = 40, groups: int = 1) -> list[Measure]:
    """Return the figures of each of the two moves, alone and in groups of a hundred."""
    amounts = Amounts(rounds, moves, groups)
    with tempfile.TemporaryDirectory(prefix="bench") as name, new_store(Path(name), database) as settings:
        store = settings.store()
        measures = list(_measure(store, database, amounts))
        store.close()
    return measures


def _measure(store: Store, database: str, amounts: Amounts) -> Iterator[Measure]:
    at = system_now()
    recorded, *numbers = seed(store, 1 + 2 * (amounts.rounds + 1) * amounts.cases, at=at)
    for n, (move, form, actor) in enumerate(MOVES):
        now = at + timedelta(minutes=n)
        template = record_template(store, Command(recorded, move, form, actor, "api", f"{move}:{recorded}"), now)
        comparison = Comparison(store, move, form, actor, now, template, raw_writer(store, template))
        ours, reference = interleave(comparison, numbers, amounts)
        comparison.raw.close()
        yield from judge(database, move, ours, reference, amounts)


def interleave(comparison: Comparison, numbers: Sequence[str], amounts: Amounts) -> tuple[list[Times], list[Times]]:
    """Alternate between ours and the reference, round after round; the first round of each only warms up."""
    times: tuple[list[Times], list[Times]] = ([], [])
    for low in range(0, len(numbers), 2 * amounts.cases):
        added: list[dict[str, int]] = []
        for side in (0, 1):
            before = count_rows(comparison.store)
            first = low + side * amounts.cases
            times[side].append(comparison.time_moves(numbers[first : first + amounts.cases], side == 0, amounts))
            added.append({table: n - before[table] for table, n in count_rows(comparison.store).items()})
        assert added[0] == added[1], f"{comparison.move}: ours wrote {added[0]}, the reference {added[1]}"
    return times[0][1:], times[1][1:]


def judge(
    database: str, move: str, ours: Sequence[Times], reference: Sequence[Times], amounts: Amounts
) -> Iterator[Measure]:
    """Return the medians as moves a second, so that more is better."""
    forms = (
        (f"advance ({move}), p50", ALONE_TARGET[database], "", 0),
        (f"advance_many ({move})", GROUP_TARGET, f"groups of {GROUP}; ", 2),
    )
    for name, least, group, column in forms:
        mine, cpu = (p50(times[column + n] for times in ours) for n in (0, 1))
        theirs, their_cpu = (p50(times[column + n] for times in reference) for n in (0, 1))
        how = f"{group}{mine:.0f} µs a move against {theirs:.0f}, of that {cpu:.0f} and {their_cpu:.0f} µs CPU of this"
        how = f"{how} process; median of {amounts.rounds} rounds; {machine_load()}"
        measure = new_measure(name, database, 1e6 / mine, 1e6 / theirs, "moves/s", how)
        yield Target(least, obstacle=OBSTACLE).judge(measure)


def _advance_all(store: Store, commands: Sequence[Command], at: datetime) -> None:
    assert all(isinstance(answer, Answer) for answer in advance_many(store, commands, at))


def _time_each(work: Callable[[Any], object], arguments: Sequence[Any]) -> tuple[float, float]:
    """Return the median duration and the mean CPU of a call, in microseconds."""
    seconds: list[float] = []
    cpu = time.process_time()
    for argument in arguments:
        began = time.perf_counter()
        work(argument)
        seconds.append(time.perf_counter() - began)
    return 1e6 * p50(seconds), 1e6 * (time.process_time() - cpu) / len(arguments)
