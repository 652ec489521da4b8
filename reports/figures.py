"""Counts what a report says, from our tables alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.retired_names import recorded_as
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.current_names import clause_of, state_of
from statemachines.kinds import lifecycle_of

HOUR = 3_600_000_000
DAY = timedelta(days=1)
WITHIN = {"2h": 2, "24h": 24, "48h": 48, "7d": 168}
"""The spans, in hours of elapsed time, in which a report counts resolutions (time to close, A5)."""

BOARD = "SELECT kind, state AS name, level, count(*) AS n FROM cases WHERE NOT closed GROUP BY kind, state, level"
RESOLVED = """
SELECT c.opened_at, min(t.occurred_at) AS at FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE t.move IN ({resolve}) GROUP BY c.id, c.opened_at
"""
# Nothing is recorded before it is due, so the index on recorded_at bounds the search.
RUNGS = """
SELECT c.number, c.kind, r.clause, r.percent, r.level, r.due_at, c.department, c.owner FROM escalation_step r
  JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at > :since AND r.due_at > :since AND r.due_at <= :until AND r.percent >= :least
 ORDER BY r.level DESC, r.due_at, c.id, r.clause
"""
UNWATCHED = """
SELECT c.number, c.department, c.changed_at FROM cases c
 WHERE NOT c.closed AND NOT EXISTS (SELECT 1 FROM timer k WHERE k.case_id = c.id AND k.closed_at IS NULL)
 ORDER BY c.changed_at, c.id
"""
HISTORY = "SELECT count(*) AS n FROM escalation_step WHERE recorded_at > :since AND recorded_at - due_at > :gap"
HISTORIC = """
SELECT c.number, c.kind, r.clause, r.percent, r.level, r.due_at, c.department, c.owner FROM escalation_step r
  JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at >= :since AND r.recorded_at < :until AND r.recorded_at - r.due_at > :gap
   AND NOT c.closed ORDER BY c.id, r.due_at, r.clause
"""
OVERDUE = """
SELECT coalesce(c.department, '') AS department, count(DISTINCT c.id) AS n FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.closed_at IS NULL AND k.level > 0 AND NOT c.closed GROUP BY c.department
"""
CALLBACKS = """
SELECT c.number, b.attempt, b.planned_at FROM callback b JOIN cases c ON c.id = b.case_id
 WHERE b.done_at IS NULL AND b.planned_at < :until ORDER BY b.planned_at, c.id
"""
CALLERS = """
SELECT coalesce(owner, '') AS owner, count(*) AS n FROM callback
 WHERE done_at IS NULL AND planned_at < :until GROUP BY owner ORDER BY owner
"""
MOVES = """
SELECT coalesce(sum(CASE WHEN occurred_at > :day THEN 1 ELSE 0 END), 0) AS day, count(*) AS all_
  FROM transition WHERE move IN ({names}) AND occurred_at > :week AND occurred_at <= :until
"""
UNSEEN = """
SELECT count(*) AS n, min(began_at) AS begin_at, max(ended_at) AS end_at FROM run
 WHERE began_at > :since AND NOT observed AND note <> '{}'
"""
FOUNDED = "SELECT made_at FROM store_info WHERE id = 1"
LAST = "SELECT max(began_at) AS at FROM run WHERE flow = :flow"
RUNS = """
SELECT began_at, ended_at, did, observed FROM run WHERE flow = :flow AND began_at >= :since ORDER BY began_at, id
"""
DEAD = """
SELECT c.number, d.seq, d.reaction, d.error FROM delivery d JOIN cases c ON c.id = d.case_id
 WHERE d.status = 'dead' ORDER BY c.id, d.seq
"""
MOVED = "SELECT 1 AS one FROM cases WHERE changed_at > :after AND changed_at <= :until LIMIT 1"
REFUSED = "SELECT count(*) AS n FROM arrival WHERE refusal IS NOT NULL"
OPINIONS = "SELECT outcome, count(*) AS n FROM callback WHERE done_at IS NOT NULL GROUP BY outcome"


@dataclass(frozen=True, slots=True)
class Late:
    """A rung as the report lists it."""

    number: str
    kind: str
    clause: str
    percent: int
    level: int
    due_at: datetime
    department: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure of the last day against the mean of the seven days before it, in tenths."""

    day: int
    week: float


@dataclass(frozen=True, slots=True)
class Unseen:
    """Work that ran without Prefect although Prefect was wanted."""

    count: int
    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Run:
    """Scheduled work that was done: how much, and whether Prefect saw it."""

    began_at: datetime
    ended_at: datetime
    did: int
    observed: bool


@dataclass(frozen=True, slots=True)
class Dead:
    """A delivery that was given up after its last try; the error is a type without words."""

    number: str
    seq: int
    reaction: str
    error: str | None


def cases(tx: Tx) -> int:
    """How many cases there are."""
    return tx.row("SELECT count(*) AS n FROM cases").n


def board(tx: Tx) -> Counter[tuple[str, str, int]]:
    """Open cases by kind, milestone and level."""
    counted: Counter[tuple[str, str, int]] = Counter()
    for row in tx.rows(BOARD):
        known = lifecycle_of(row.kind).state.get(state_of(row.kind, row.name))
        counted[row.kind, known.milestone.value if known else row.name, row.level] += row.n
    return counted


def resolved_within(tx: Tx) -> dict[str, int]:
    """How many cases were first resolved within each span of their opening."""
    took = [row.at - row.opened_at for row in tx.rows(RESOLVED.format(resolve=recorded_as("move", "resolve")))]
    return {span: sum(one <= hours * HOUR for one in took) for span, hours in WITHIN.items()}


def rungs(tx: Tx, since: datetime, until: datetime, least: int = 100) -> list[Late]:
    """The rungs that fell due in (since, until], from ``least`` percent on, the highest level first."""
    return _late(tx.rows(RUNGS, since=to_micros(since), until=to_micros(until), least=least))


def unwatched(tx: Tx) -> list[tuple[str, str | None, datetime]]:
    """Open cases whose promises are all kept, so that no clock watches them, the longest untouched first."""
    return [(row.number, row.department, from_micros(row.changed_at)) for row in tx.rows(UNWATCHED)]


def _late(rows: Iterable[Any]) -> list[Late]:
    """Without the clocks that only move a case on when their time has come: nobody promised anything there."""
    broken = (row for row in rows if row.clause not in timers(row.kind))
    return [
        Late(**{**row._asdict(), "clause": clause_of(row.kind, row.clause), "due_at": from_micros(row.due_at)})
        for row in broken
    ]


def timers(kind: str) -> frozenset[str]:
    """The clocks of a kind that only move a case on when their time has come: nobody promised anything there."""
    return lifecycle_of(kind).timer_only


def historic(tx: Tx, since: datetime, until: datetime) -> list[Late]:
    """Rungs recorded in [since, until) more than an hour after they fell due, in the order of their cases."""
    return _late(tx.rows(HISTORIC, since=to_micros(since), until=to_micros(until), gap=HOUR))


def history(tx: Tx, since: datetime) -> int:
    """Rungs recorded since then that were history when they were recorded: an import, an outage."""
    return tx.row(HISTORY, since=to_micros(since), gap=HOUR).n


def overdue(tx: Tx) -> Counter[str]:
    """Open cases with a broken promise, by department."""
    return Counter({row.department: row.n for row in tx.rows(OVERDUE)})


def callbacks(tx: Tx, until: datetime) -> list[tuple[str, int, datetime]]:
    """The callbacks to be made until then, in order, with those that are waiting already."""
    rows = tx.rows(CALLBACKS, until=to_micros(until))
    return [(row.number, row.attempt, from_micros(row.planned_at)) for row in rows]


def callers(tx: Tx, until: datetime) -> Counter[str]:
    """How many of those callbacks each person has to make; what is nobody's stands under the empty handle."""
    return Counter({row.owner: row.n for row in tx.rows(CALLERS, until=to_micros(until))})


def moves(tx: Tx, name: str, until: datetime) -> Trend:
    """How often a move was made in the last day, and a day in the week before."""
    day, week = to_micros(until - DAY), to_micros(until - 8 * DAY)
    row = tx.row(MOVES.format(names=recorded_as("move", name)), day=day, week=week, until=to_micros(until))
    return Trend(int(row.day), round((row.all_ - int(row.day)) / 7, 1))


def unseen(tx: Tx, since: datetime) -> Unseen:
    """Work that ran without Prefect since then, although Prefect was wanted."""
    row = tx.row(UNSEEN, since=to_micros(since))
    begin, end = (None if at is None else from_micros(at) for at in (row.begin_at, row.end_at))
    return Unseen(row.n, begin, end)


def last_run(tx: Tx, flow: str) -> datetime | None:
    """When a piece of scheduled work last began."""
    row = tx.row(LAST, flow=flow)
    return None if row.at is None else from_micros(row.at)


def runs(tx: Tx, flow: str, since: datetime) -> list[Run]:
    """When a piece of scheduled work ran since then, oldest first."""
    rows = tx.rows(RUNS, flow=flow, since=to_micros(since))
    return [Run(from_micros(row.began_at), from_micros(row.ended_at), row.did, bool(row.observed)) for row in rows]


def founded(tx: Tx) -> datetime:
    """When the store was made, by its own clock."""
    return from_micros(tx.row(FOUNDED).made_at)


def dead(tx: Tx) -> tuple[Dead, ...]:
    """The deliveries that were given up after their last try."""
    return tuple(Dead(*row) for row in tx.rows(DEAD))


def moved_between(tx: Tx, after: datetime, until: datetime) -> bool:
    """Whether a case moved in that time, and not since."""
    return tx.row(MOVED, after=to_micros(after), until=to_micros(until)) is not None


def refused_arrivals(tx: Tx) -> int:
    """Arrivals that could not be taken; their content is kept."""
    return tx.row(REFUSED).n


def opinions(tx: Tx) -> Counter[str]:
    """How callbacks ended: an unanswered one is never praise."""
    return Counter({row.outcome or "": row.n for row in tx.rows(OPINIONS)})
