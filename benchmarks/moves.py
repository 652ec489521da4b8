"""``advance`` and ``advance_many`` against raw SQL that writes the same rows.

Two moves of a complaint, one after the other on the same cases. *resolve*, by its handler: roles, form, a text of a
person, two promises kept, a third begun. *revisit*, by the supervisor: guards and the separation of duties besides,
two texts, a promise kept and another begun. What both sides write stands in ``raw``; that they write the same number
of rows in each table is asserted.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measures import Measure, Target, load, p50, recorded
from benchmarks.move_template import Job, Kind, counted, watched
from benchmarks.raw_sql import Raw, raw
from benchmarks.seeding import seed
from benchmarks.stores import HANDLER, SUPERVISOR, TEXT, founded
from engine.clock import system_now
from engine.commands.advance import Answer, Command, advance, advance_many
from engine.store import Store
from models.columns import to_micros

GROUP = 100
ALONE = {"sqlite": 0.7, "postgres": 0.8}
TOGETHER = 0.6
SURVEY = {"outcome": "satisfied", "timeliness": 5, "attitude": 4, "words": TEXT, "need": TEXT}
MOVES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("resolve", {"result": TEXT}, HANDLER),
    ("revisit", SURVEY, SUPERVISOR),
)
OBSTACLE = "reading and deciding in Python beside SQL that decides nothing; alone, on caches that each sync leaves cold"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is measured: rounds, each of so many moves alone and so many groups on each side."""

    rounds: int
    moves: int
    groups: int

    @property
    def cases(self) -> int:
        """Cases that one side and round needs."""
        return self.moves + self.groups * GROUP


class Took(NamedTuple):
    """Microseconds a move, on one side and in one round: the median and the CPU, alone and in a group."""

    alone: float
    cpu_alone: float
    together: float
    cpu_together: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of one move on one store."""

    store: Store
    move: str
    form: dict[str, Any]
    actor: str
    at: datetime
    kind: Kind
    raw: Raw

    def ours(self, numbers: Sequence[str]) -> list[Command]:
        """What the engine is told."""
        return [Command(n, self.move, self.form, self.actor, "api", f"{self.move}:{n}") for n in numbers]

    def theirs(self, numbers: Sequence[str]) -> list[Job]:
        """What the reference is told."""
        return [Job(n, f"{self.move}:{n}", to_micros(self.at)) for n in numbers]

    def timed(self, numbers: Sequence[str], ours: bool, amounts: Amounts) -> Took:
        """Make the moves: some alone, the others in groups."""
        alone, rest = numbers[: amounts.moves], numbers[amounts.moves :]
        groups = [rest[n : n + GROUP] for n in range(0, len(rest), GROUP)]
        if ours:
            each = _times(lambda one: advance(self.store, one, self.at), self.ours(alone))
            some = _times(lambda one: _all_moved(self.store, one, self.at), [self.ours(group) for group in groups])
        else:
            each = _times(self.raw.one, self.theirs(alone))
            some = _times(self.raw.many, [self.theirs(group) for group in groups])
        return Took(*each, *(took / GROUP for took in some))


def rows(database: str, rounds: int = 30, moves: int = 40, groups: int = 1) -> list[Measure]:
    """A move alone and in groups of a hundred, for each of the two moves."""
    amounts = Amounts(rounds, moves, groups)
    with tempfile.TemporaryDirectory(prefix="bench") as name, founded(Path(name), database) as settings:
        store = settings.store()
        found = list(_measured(store, database, amounts))
        store.close()
    return found


def _measured(store: Store, database: str, amounts: Amounts) -> Iterator[Measure]:
    at = system_now()
    watch, *numbers = seed(store, 1 + 2 * (amounts.rounds + 1) * amounts.cases, at=at)
    for n, (move, form, actor) in enumerate(MOVES):
        now = at + timedelta(minutes=n)
        kind = watched(store, Command(watch, move, form, actor, "api", f"{move}:{watch}"), now)
        pair = Pair(store, move, form, actor, now, kind, raw(store, kind))
        ours, reference = interleaved(pair, numbers, amounts)
        pair.raw.close()
        yield from told(database, move, ours, reference, amounts)


def interleaved(pair: Pair, numbers: Sequence[str], amounts: Amounts) -> tuple[list[Took], list[Took]]:
    """Round after round, ours and the reference by turns; the first round of each only warms up."""
    took: tuple[list[Took], list[Took]] = ([], [])
    for low in range(0, len(numbers), 2 * amounts.cases):
        wrote: list[dict[str, int]] = []
        for side in (0, 1):
            before = counted(pair.store)
            first = low + side * amounts.cases
            took[side].append(pair.timed(numbers[first : first + amounts.cases], side == 0, amounts))
            wrote.append({table: n - before[table] for table, n in counted(pair.store).items()})
        assert wrote[0] == wrote[1], f"{pair.move}: ours wrote {wrote[0]}, the reference {wrote[1]}"
    return took[0][1:], took[1][1:]


def told(
    database: str, move: str, ours: Sequence[Took], reference: Sequence[Took], amounts: Amounts
) -> Iterator[Measure]:
    """The medians as moves a second, so that more is better."""
    sorts = (
        (f"advance ({move}), p50", ALONE[database], "", 0),
        (f"advance_many ({move})", TOGETHER, f"groups of {GROUP}; ", 2),
    )
    for name, least, group, column in sorts:
        mine, cpu = (p50(took[column + n] for took in ours) for n in (0, 1))
        theirs, their_cpu = (p50(took[column + n] for took in reference) for n in (0, 1))
        how = f"{group}{mine:.0f} µs a move against {theirs:.0f}, of that {cpu:.0f} and {their_cpu:.0f} µs CPU of this"
        how = f"{how} process; median of {amounts.rounds} rounds; {load()}"
        yield Target(least, obstacle=OBSTACLE).judge(recorded(name, database, 1e6 / mine, 1e6 / theirs, "moves/s", how))


def _all_moved(store: Store, commands: Sequence[Command], at: datetime) -> None:
    assert all(isinstance(one, Answer) for one in advance_many(store, commands, at))


def _times(work: Callable[[Any], object], each: Sequence[Any]) -> tuple[float, float]:
    """The median and the mean CPU of one, in microseconds."""
    took: list[float] = []
    cpu = time.process_time()
    for one in each:
        began = time.perf_counter()
        work(one)
        took.append(time.perf_counter() - began)
    return 1e6 * p50(took), 1e6 * (time.process_time() - cpu) / len(each)
