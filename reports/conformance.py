"""Check a replayed log against our lifecycle: read its figures from the statistics of its replay and its cases."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import orjson

from engine.commands.open_case import OPEN
from engine.replay.statistics import ReplayStatistics, all_statistics
from engine.store import Store
from engine.transaction import Tx
from reports.conformance_figures import Conformance, Deviation, SojournTime, TimerOutcomes
from reports.discovered_model import Arc
from reports.judged_promises import UNTIMED, TimerJudge
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

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
