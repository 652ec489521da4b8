"""Checks a replayed log against our lifecycle: fitness, deviations with their reasons, arcs and sojourn times."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

import orjson

from engine.commands.open_case import OPEN
from engine.replay.statistics import ReplayStatistics, all_statistics
from engine.store import Store
from engine.transaction import Tx
from locales.shares import share_number
from reports.discovered_model import Arc, DiscoveredModel
from reports.judged_promises import UNTIMED, TimerJudge
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

EXAMPLES = 5
"""How many events are named for each reason."""
PAGE = 500
SUMMED = (
    *("events", "applied", "inferred", "reopenings", "self_loops", "rework", "ping_pong", "hand_backs"),
    "unprepared",
)
"""The figures of a log that are the sums of those of its cases."""

MOVED = """
SELECT case_id, seq, move, source, dest, occurred_at FROM transition
 WHERE case_id BETWEEN :low AND :high AND (source <> dest OR seq = 1) AND move <> :carried_over
 ORDER BY case_id, seq
"""
TIMERS = """
SELECT k.case_id, k.clause, k.outcome, k.opened_at, k.closed_by,
       EXISTS (SELECT 1 FROM escalation_step r WHERE r.timer_id = k.id AND r.percent >= 100) AS broken
  FROM timer k WHERE k.case_id BETWEEN :low AND :high
"""
INFERRED = """
SELECT case_id, seq, move, source, dest, occurred_at FROM transition
 WHERE case_id BETWEEN :low AND :high AND inferred
"""
STANDING = "SELECT id, state FROM cases WHERE id BETWEEN :low AND :high AND NOT closed"


OPENING = "SELECT t.form FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.number = :number AND t.seq = 1"


class EventReference(NamedTuple):
    """An event as an example: our case, and the event's row in the file."""

    number: str
    row: int


@dataclass(slots=True)
class SlaComparison:
    """What the log says of its promise against what our timers came to, in cases of both answers.

    The first word of each name is the log's answer, the second is ours.
    """

    clause: str
    kept_kept: int = 0
    kept_broken: int = 0
    broken_kept: int = 0
    broken_broken: int = 0

    def add(self, log: str, *, broken: bool) -> None:
        """Count a case."""
        name = f"{log}_{'broken' if broken else 'kept'}"
        setattr(self, name, getattr(self, name) + 1)


@dataclass(slots=True)
class Deviation:
    """How often a deviation occurred, the log's activities that caused it, and examples."""

    times: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    examples: list[EventReference] = field(default_factory=list[EventReference])

    def add(self, times: int, number: str, row: int) -> None:
        """Count it; keep the first few as examples."""
        self.times += times
        if len(self.examples) < EXAMPLES:
            self.examples.append(EventReference(number, row))


@dataclass(frozen=True, slots=True)
class SojournTime:
    """How long cases stayed in a state, in microseconds; ``visits`` counts the stays that have ended."""

    visits: int
    median: int
    p90: int


@dataclass(slots=True)
class TimerOutcomes:
    """How a clause's timers ended: kept (met), broken (breached), stopped before they were due, or still open.

    ``not_judged`` are those of which the log does not tell whether they were met in time.
    """

    kept: int = 0
    broken: int = 0
    stopped: int = 0
    open: int = 0
    not_judged: int = 0


@dataclass(slots=True)
class Conformance:
    """The figures of one log, and the ids in the source of the cases that are examples.

    The figures from ``reopened_cases`` to ``hand_backs`` describe the log itself.
    """

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
    refused: dict[str, Deviation] = field(default_factory=dict[str, Deviation])
    flags: dict[str, Deviation] = field(default_factory=dict[str, Deviation])
    reopened_cases: int = 0
    reopenings: int = 0
    resolved_twice: int = 0
    cases_after_end: int = 0
    events_after_end: int = 0
    unprepared: int = 0
    self_loops: int = 0
    rework: int = 0
    ping_pong: int = 0
    hand_backs: int = 0
    stays: dict[str, SojournTime] = field(default_factory=dict[str, SojournTime])
    promises: dict[str, TimerOutcomes] = field(default_factory=dict[str, TimerOutcomes])
    not_judged: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    arcs: Counter[Arc] = field(default_factory=Counter[Arc])
    standing: Counter[str] = field(default_factory=Counter[str])
    sla: SlaComparison | None = None
    source_ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def lived(self) -> DiscoveredModel:
        """What the cases did, for the diagram."""
        return DiscoveredModel(self.kind, self.arcs, self.standing)

    @property
    def event_fitness(self) -> float:
        """The share of the events, without the ignored ones, that could be applied."""
        return _share(self.applied, self.events - self.ignored.total())

    @property
    def case_fitness(self) -> float:
        """The share of the cases without refused or inferred events."""
        return _share(self.fitting_cases, self.cases)

    @property
    def refusals(self) -> int:
        """The number of refused events."""
        return sum(deviation.times for deviation in self.refused.values())


def _share(part: int, whole: int) -> float:
    rounded = share_number(part, whole, digits=4, full=1)
    return 1.0 if rounded is None else rounded


def gather(
    store: Store,
    table: Lifecycle,
    report: Conformance,
    strays: Sequence[tuple[str, int, int]],
    log_moves: Collection[str],
) -> Conformance:
    """Fill in the figures of a log from the statistics of its replay.

    ``strays`` are events of no case: code, times, row. ``log_moves`` are the moves that words of the log may mean.

    The memory needed grows by a few bytes per case. Everything is read in one transaction.
    """
    ids, untimed = array("q"), set[int]()
    for code, times, row in strays:
        report.events += times
        report.refused.setdefault(code, Deviation()).add(times, "", row)
    said: dict[int, str] = {}
    with store.looking() as tx:
        for case_id, number, statistics in all_statistics(tx, store.secret, report.source):
            ids.append(case_id)
            _count(report, number, statistics)
            if not UNTIMED.isdisjoint(statistics.refused):
                untimed.add(case_id)
            if statistics.sla:
                said[case_id] = statistics.sla
        _read_cases(tx, table, report, sorted(ids), TimerJudge(table, frozenset(log_moves), untimed), said)
        _read_source_ids(tx, report)
    return report


def _read_source_ids(tx: Tx, report: Conformance) -> None:
    """Read the ids in the source of the cases that are examples; the opening of a case holds its id."""
    deviations = (*report.refused.values(), *report.flags.values())
    for number in {example.number for deviation in deviations for example in deviation.examples} - {""}:
        row = tx.row(OPENING, number=number)
        if row is not None and (source_id := orjson.loads(row.form).get("row_id")):
            report.source_ids[number] = source_id


def _count(report: Conformance, number: str, statistics: ReplayStatistics) -> None:
    report.cases += 1
    report.fitting_cases += statistics.fits
    for name in SUMMED:
        setattr(report, name, getattr(report, name) + getattr(statistics, name))
    report.ignored.update(statistics.ignored)
    for reason, (times, row) in statistics.refused.items():
        deviation = report.refused.setdefault(reason, Deviation())
        deviation.add(times, number, row)
        deviation.words.update(statistics.words[reason])
    for rule, rows in statistics.flags.items():
        report.flags.setdefault(rule, Deviation()).add(len(rows), number, rows[0])
    report.reopened_cases += statistics.reopenings > 0
    report.resolved_twice += statistics.resolutions > 1
    report.cases_after_end += statistics.after_end > 0
    report.events_after_end += statistics.after_end


def _read_cases(
    tx: Tx, table: Lifecycle, report: Conformance, ids: Sequence[int], judge: TimerJudge, said: Mapping[int, str]
) -> None:
    times: dict[str, array[int]] = {}
    for low, high, chosen in _pages(ids):
        for row in tx.rows(STANDING, low=low, high=high):
            report.standing[table.resolver.state(row.state)] += row.id in chosen
        inferred: dict[int, list[Any]] = {}
        for row in tx.rows(INFERRED, low=low, high=high):
            inferred.setdefault(row.case_id, []).append(_resolved(table, row))
        broken: set[int] = set()
        for row in (row for row in tx.rows(TIMERS, low=low, high=high) if row.case_id in chosen):
            name = table.resolver.clause_or_own(row.clause)
            if name in table.timer_only:  # archiving by itself breaks no promise
                continue
            outcomes = report.promises.setdefault(name, TimerOutcomes())
            reason = judge.reason_against(table.clause.get(name), row, inferred.get(row.case_id, ()))
            if reason:
                outcomes.not_judged += 1
                report.not_judged.setdefault(name, Counter())[reason] += 1
            elif _count_timer(outcomes, row.outcome, bool(row.broken)) and _compared(table, report, name):
                broken.add(row.case_id)
        if report.sla is not None:
            for case_id in said.keys() & chosen:
                report.sla.add(said[case_id], broken=case_id in broken)
        moved = [row for row in tx.rows(MOVED, low=low, high=high, carried_over=CARRIED_OVER) if row.case_id in chosen]
        _count_arcs([_resolved(table, row) for row in moved], report.arcs, times)
    report.stays = {name: _sojourn(times[name]) for name in table.state if name in times}


def _compared(table: Lifecycle, report: Conformance, clause: str) -> bool:
    """Return whether a promise of ours is compared with what the log says of its own."""
    if report.sla is None or clause not in table.clause:
        return False
    return clause == report.sla.clause if report.sla.clause else not table.clause[clause].internal


def _pages(ids: Sequence[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield the cases page by page: the first id, the last, and which ids between them belong to the log."""
    for begin in range(0, len(ids), PAGE):
        page = ids[begin : begin + PAGE]
        yield page[0], page[-1], frozenset(page)


def _resolved(table: Lifecycle, row: Any) -> Any:
    resolver = table.resolver
    return row._replace(move=resolver.move(row.move), source=resolver.state(row.source), dest=resolver.state(row.dest))


def _count_arcs(rows: Sequence[Any], arcs: Counter[Arc], times: dict[str, "array[int]"]) -> None:
    """Count each arc that was followed, and collect how long the case stayed in its source state."""
    for before, row in zip([None, *rows], rows, strict=False):
        if row.move == OPEN:
            arcs[Arc("", row.dest, row.move)] += 1
            continue
        arcs[Arc(row.source, row.dest, row.move)] += 1
        if before is not None and before.case_id == row.case_id:
            times.setdefault(row.source, array("q")).append(max(row.occurred_at - before.occurred_at, 0))


def _count_timer(outcomes: TimerOutcomes, outcome: str | None, broken: bool) -> bool:
    """Count how a timer ended; return whether it was broken."""
    broken = broken or outcome == "breached"
    if broken:
        outcomes.broken += 1
    elif outcome == "met":
        outcomes.kept += 1
    elif outcome is None:
        outcomes.open += 1
    else:
        outcomes.stopped += 1
    return broken


def _sojourn(times: "array[int]") -> SojournTime:
    ranked = sorted(times)
    return SojournTime(len(ranked), int(median(ranked)), ranked[-(-len(ranked) * 9 // 10) - 1])
