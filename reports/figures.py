"""Counts what the reports say about cases, escalation steps and callbacks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.access.condition import EVERY_CASE, Condition
from engine.escalation.recipients import awaited_person
from engine.retired_names import recorded_as
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.current_names import clause_of
from reports.open_cases import by_milestone, open_cases
from reports.run_figures import HOUR
from statemachines.kinds import lifecycle_of, recorded_names

DAY = timedelta(days=1)
IDLE = timedelta(days=30)
"""How long a case may lie untouched before it is named, whatever its timers say; ours."""
WITHIN = {"2h": 2, "24h": 24, "48h": 48, "7d": 168}
"""The spans, in hours of elapsed time, within which resolutions are counted (A5)."""

# Exactly the condition of the index ix_transition_resolved.
RESOLVED = """
SELECT {within}
  FROM (SELECT min(t.occurred_at) - c.opened_at AS took FROM transition t JOIN cases c ON c.id = t.case_id
         WHERE t.move IN ({resolve}) GROUP BY c.id, c.opened_at) r
"""
# Nothing is recorded before it is due, so the index on recorded_at bounds the search.
STEPS = """
SELECT c.number, c.kind, c.state, r.clause, r.percent, r.level, r.due_at, c.department, c.owner,
       c.variables FROM escalation_step r
  JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at > :since AND r.due_at > :since AND r.due_at <= :until AND r.percent >= :least
 ORDER BY r.level DESC, r.due_at, c.id, r.clause
"""
UNWATCHED = """
SELECT c.number, c.department, c.changed_at FROM cases c
 WHERE NOT c.closed AND (c.changed_at < :idle_since OR NOT EXISTS (
         SELECT 1 FROM timer k WHERE k.case_id = c.id AND k.closed_at IS NULL AND k.running_since IS NOT NULL))
 ORDER BY c.changed_at, c.id
"""
ANY_RECORDED_LATE = """
SELECT 1 AS one FROM escalation_step
 WHERE recorded_at >= :since AND recorded_at < :until AND recorded_at - due_at > :gap LIMIT 1
"""
RECORDED_LATE = """
SELECT c.number, c.kind, c.state, r.clause, r.percent, r.level, r.due_at, c.department, c.owner,
       c.variables FROM escalation_step r
  JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at >= :since AND r.recorded_at < :until AND r.recorded_at - r.due_at > :gap
   AND NOT c.closed ORDER BY c.id, r.due_at, r.clause
"""
CALLBACKS = """
SELECT c.number, b.attempt, b.planned_at FROM callback b JOIN cases c ON c.id = b.case_id
 WHERE b.done_at IS NULL AND b.planned_at < :until ORDER BY b.planned_at, c.id
"""
CALLERS = """
SELECT coalesce(owner, '') AS owner, count(*) AS n FROM callback
 WHERE done_at IS NULL AND planned_at < :until GROUP BY owner ORDER BY owner
"""
# A case changes last when it moves last, and no move is recorded before it happened: so changed_at bounds the search.
# CROSS JOIN keeps SQLite to the smaller table first.
MOVES = """
SELECT t.move, sum(CASE WHEN t.occurred_at > :day THEN 1 ELSE 0 END) AS day, count(*) AS all_
  FROM cases c CROSS JOIN transition t WHERE c.changed_at > :week AND t.case_id = c.id
   AND t.move = ANY(:names) AND t.occurred_at > :week AND t.occurred_at <= :until GROUP BY t.move
"""
OPINIONS = "SELECT outcome, count(*) AS n FROM callback WHERE done_at IS NOT NULL GROUP BY outcome"


@dataclass(frozen=True, slots=True)
class LateStep:
    """An escalation step, with its case's state, department and owner, and the person whom the state awaits."""

    number: str
    kind: str
    state: str
    clause: str
    percent: int
    level: int
    due_at: datetime
    department: str | None
    owner: str | None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure of the last day, and the daily mean of the seven days before it, rounded to tenths."""

    day: int
    week: float


def cases(tx: Tx) -> int:
    """Count all cases."""
    return tx.row("SELECT count(*) AS n FROM cases").n


def board(tx: Tx, scope: Condition = EVERY_CASE) -> Counter[tuple[str, str, int]]:
    """Count open cases by kind, milestone and level; those that meet a condition."""
    return by_milestone(open_cases(tx, scope))


def resolved_within(tx: Tx) -> dict[str, int]:
    """Count the cases whose first resolution came within each span of their opening."""
    within = ", ".join(f"count(CASE WHEN r.took <= {hours * HOUR} THEN 1 END)" for hours in WITHIN.values())
    row = tx.row(RESOLVED.format(within=within, resolve=recorded_as("move", "resolve")))
    return dict(zip(WITHIN, row, strict=True))


def steps(tx: Tx, since: datetime, until: datetime, least: int = 100) -> list[LateStep]:
    """Return the steps due in (since, until] of at least ``least`` percent, highest level first."""
    return _late(tx.rows(STEPS, since=to_micros(since), until=to_micros(until), least=least))


def unwatched(tx: Tx, at: datetime) -> list[tuple[str, str | None, datetime]]:
    """Return the open cases without a running timer, or unchanged for ``IDLE``, the longest unchanged first."""
    rows = tx.rows(UNWATCHED, idle_since=to_micros(at - IDLE))
    return [(row.number, row.department, from_micros(row.changed_at)) for row in rows]


def _late(rows: Iterable[Any]) -> list[LateStep]:
    """Leave out the steps of timers that only make a move when they are due."""
    return [_late_step(**row._asdict()) for row in rows if row.clause not in timers(row.kind)]


def _late_step(*, kind: str, clause: str, due_at: int, variables: str, **columns: Any) -> LateStep:
    person = awaited_person(kind, columns["state"], columns["owner"], variables)
    return LateStep(kind=kind, clause=clause_of(kind, clause), due_at=from_micros(due_at), person=person, **columns)


def timers(kind: str) -> frozenset[str]:
    """Return the clauses of a kind whose timers only make a move when they are due: they promise nothing."""
    return lifecycle_of(kind).timer_only


def recorded_late(tx: Tx, since: datetime, until: datetime) -> list[LateStep]:
    """Return the steps recorded in [since, until) more than an hour after they were due, by case."""
    return _late(tx.rows(RECORDED_LATE, since=to_micros(since), until=to_micros(until), gap=HOUR))


def any_recorded_late(tx: Tx, since: datetime, until: datetime) -> bool:
    """Return whether ``recorded_late`` may find a step."""
    row = tx.row(ANY_RECORDED_LATE, since=to_micros(since), until=to_micros(until), gap=HOUR)
    return row is not None


def callbacks(tx: Tx, until: datetime) -> list[tuple[str, int, datetime]]:
    """Return the open callbacks planned before then, in order: number, attempt, time."""
    rows = tx.rows(CALLBACKS, until=to_micros(until))
    return [(row.number, row.attempt, from_micros(row.planned_at)) for row in rows]


def callers(tx: Tx, until: datetime) -> Counter[str]:
    """Count these callbacks by owner; those without one under the empty handle."""
    return Counter({row.owner: row.n for row in tx.rows(CALLERS, until=to_micros(until))})


def moves(tx: Tx, names: Sequence[str], until: datetime) -> dict[str, Trend]:
    """Return how often each move was made in the last day, and a day in the week before."""
    day, week = to_micros(until - DAY), to_micros(until - 8 * DAY)
    recorded = {name: recorded_names("move", name) for name in names}
    looked_for = list(dict.fromkeys(old for some in recorded.values() for old in some))
    counts: Counter[str] = Counter()
    today: Counter[str] = Counter()
    for row in tx.rows_among(MOVES, names=looked_for, day=day, week=week, until=to_micros(until)):
        counts[row.move], today[row.move] = row.all_, int(row.day)
    return {
        name: _trend(sum(today[old] for old in some), sum(counts[old] for old in some))
        for name, some in recorded.items()
    }


def _trend(day: int, all_: int) -> Trend:
    return Trend(day, round((all_ - day) / 7, 1))


def opinions(tx: Tx) -> Counter[str]:
    """Count the outcomes of callbacks; unanswered ones have an outcome of their own."""
    return Counter({row.outcome or "": row.n for row in tx.rows(OPINIONS)})
