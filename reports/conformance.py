"""How a replayed log and our lifecycle agree: what fits, what was refused and why, what was lived and in what time."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from engine.commands.open_case import OPEN
from engine.replay.statistics import ReplayStatistics, all_statistics
from engine.store import Store
from engine.transaction import Tx
from reports.discovered_model import DiscoveredModel, Way
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

EXAMPLES = 5
"""So many cases are named for each reason."""
PAGE = 500

MOVED = """
SELECT case_id, seq, move, source, dest, occurred_at FROM transition
 WHERE case_id BETWEEN :low AND :high AND (source <> dest OR seq = 1) AND move <> :carried_over
 ORDER BY case_id, seq
"""
KEPT = """
SELECT k.case_id, k.clause, k.outcome,
       EXISTS (SELECT 1 FROM escalation_step r WHERE r.timer_id = k.id AND r.percent >= 100) AS broken
  FROM timer k WHERE k.case_id BETWEEN :low AND :high
"""
STANDING = "SELECT id, state FROM cases WHERE id BETWEEN :low AND :high AND NOT closed"


class Example(NamedTuple):
    """Where something is to be seen: our case, and the event's row in the log."""

    number: str
    row: int


@dataclass(slots=True)
class Found:
    """How often something was found, what the log calls it, and where for example."""

    times: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    examples: list[Example] = field(default_factory=list[Example])

    def add(self, times: int, number: str, row: int) -> None:
        """Count it; the first few are named."""
        self.times += times
        if len(self.examples) < EXAMPLES:
            self.examples.append(Example(number, row))


@dataclass(frozen=True, slots=True)
class Stay:
    """How long cases stood in a state, in microseconds; ``visits`` are those that have ended."""

    visits: int
    median: int
    p90: int


@dataclass(slots=True)
class Promise:
    """How a clause's clocks ended: kept, broken (late, or its end has passed), ended before it was due, still open."""

    kept: int = 0
    broken: int = 0
    stopped: int = 0
    open: int = 0


@dataclass(slots=True)
class Conformance:
    """The figures of one log. Those from ``reopened_cases`` on to ``ping_pong`` are the log's own."""

    source: str
    kind: str
    pack: str
    bridged: bool
    cases: int = 0
    fitting_cases: int = 0
    events: int = 0
    applied: int = 0
    inferred: int = 0
    ignored: Counter[str] = field(default_factory=Counter[str])
    refused: dict[str, Found] = field(default_factory=dict[str, Found])
    flags: dict[str, Found] = field(default_factory=dict[str, Found])
    reopened_cases: int = 0
    reopenings: int = 0
    resolved_twice: int = 0
    cases_after_end: int = 0
    events_after_end: int = 0
    unprepared: int = 0
    self_loops: int = 0
    rework: int = 0
    ping_pong: int = 0
    stays: dict[str, Stay] = field(default_factory=dict[str, Stay])
    promises: dict[str, Promise] = field(default_factory=dict[str, Promise])
    ways: Counter[Way] = field(default_factory=Counter[Way])
    standing: Counter[str] = field(default_factory=Counter[str])

    @property
    def lived(self) -> DiscoveredModel:
        """What the cases did, as the reports draw it."""
        return DiscoveredModel(self.kind, self.ways, self.standing)

    @property
    def event_fitness(self) -> float:
        """The share of the events that say something to us which could be applied."""
        return _share(self.applied, self.events - self.ignored.total())

    @property
    def case_fitness(self) -> float:
        """The share of the cases of which nothing was refused and nothing had to be inferred."""
        return _share(self.fitting_cases, self.cases)

    @property
    def refusals(self) -> int:
        """How many events were refused."""
        return sum(found.times for found in self.refused.values())


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def gather(store: Store, table: Lifecycle, told: Conformance, strays: Sequence[tuple[str, int, int]]) -> Conformance:
    """Fill in the figures of a log from what the replay kept of it. ``strays`` are events of no case: code, times, row.

    Memory grows by a few bytes a case. The store is seen at one moment.
    """
    ids = array("q")
    for code, times, row in strays:
        told.events += times
        told.refused.setdefault(code, Found()).add(times, "", row)
    with store.looking() as tx:
        for case_id, number, statistics in all_statistics(tx, store.secret, told.source):
            ids.append(case_id)
            _count(told, number, statistics)
        _live(tx, table, told, sorted(ids))
    return told


def _count(told: Conformance, number: str, statistics: ReplayStatistics) -> None:
    told.cases += 1
    told.fitting_cases += statistics.fits
    for name in ("events", "applied", "inferred", "reopenings", "self_loops", "rework", "ping_pong", "unprepared"):
        setattr(told, name, getattr(told, name) + getattr(statistics, name))
    told.ignored.update(statistics.ignored)
    for reason, (times, row) in statistics.refused.items():
        found = told.refused.setdefault(reason, Found())
        found.add(times, number, row)
        found.words.update(statistics.words[reason])
    for rule, rows in statistics.flags.items():
        told.flags.setdefault(rule, Found()).add(len(rows), number, rows[0])
    told.reopened_cases += statistics.reopenings > 0
    told.resolved_twice += statistics.resolutions > 1
    told.cases_after_end += statistics.after_end > 0
    told.events_after_end += statistics.after_end


def _live(tx: Tx, table: Lifecycle, told: Conformance, ids: Sequence[int]) -> None:
    times: dict[str, array[int]] = {}
    for low, high, meant in _pages(ids):
        for row in tx.rows(STANDING, low=low, high=high):
            told.standing[table.resolver.state(row.state)] += row.id in meant
        for row in tx.rows(KEPT, low=low, high=high):
            if row.case_id in meant:
                _promise(
                    told.promises.setdefault(table.resolver.clause_or_own(row.clause), Promise()),
                    row.outcome,
                    bool(row.broken),
                )
        moved = [row for row in tx.rows(MOVED, low=low, high=high, carried_over=CARRIED_OVER) if row.case_id in meant]
        _follow([_resolved(table, row) for row in moved], told.ways, times)
    told.stays = {name: _stay(times[name]) for name in table.state if name in times}


def _pages(ids: Sequence[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
    """The cases page by page: the first, the last, and which of those between them are meant."""
    for begin in range(0, len(ids), PAGE):
        page = ids[begin : begin + PAGE]
        yield page[0], page[-1], frozenset(page)


def _resolved(table: Lifecycle, row: Any) -> Any:
    resolver = table.resolver
    return row._replace(move=resolver.move(row.move), source=resolver.state(row.source), dest=resolver.state(row.dest))


def _follow(rows: Sequence[Any], ways: Counter[Way], times: dict[str, "array[int]"]) -> None:
    """Count each way that was gone, and how long the case stood where it began."""
    for before, row in zip([None, *rows], rows, strict=False):
        if row.move == OPEN:
            ways[Way("", row.dest, row.move)] += 1
            continue
        ways[Way(row.source, row.dest, row.move)] += 1
        if before is not None and before.case_id == row.case_id:
            times.setdefault(row.source, array("q")).append(max(row.occurred_at - before.occurred_at, 0))


def _promise(promise: Promise, outcome: str | None, broken: bool) -> None:
    if broken or outcome == "late":
        promise.broken += 1
    elif outcome == "kept":
        promise.kept += 1
    elif outcome is None:
        promise.open += 1
    else:
        promise.stopped += 1


def _stay(times: "array[int]") -> Stay:
    ranked = sorted(times)
    return Stay(len(ranked), int(median(ranked)), ranked[-(-len(ranked) * 9 // 10) - 1])
