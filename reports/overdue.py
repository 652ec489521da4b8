"""Lists the promises that are overdue now: every open timer whose allowance is used up, fired or not (B11).

A promise is overdue by its own arithmetic, not by the escalation steps that have fired: a timer that a driver missed,
a parked case and a ladder without a step at 100 % are listed like any other. A timer that was met, stopped or extended
past now is not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from engine.access.condition import EVERY_CASE, Condition
from engine.access.scope import of_many
from engine.escalation.recipients import awaited_person
from engine.rules.in_force import Rules, rules_in
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.current_names import state_of
from reports.staff import Staff
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.roles import Role

MANAGER_LEVEL = 2
"""From this level on, somebody above the team answers for the case."""

# The last condition is exact for units of elapsed time. Working time passes no faster, so for business hours it keeps
# a few timers that are not due yet. The index ix_timer_open has all that it asks of; only of what is late are the rows
# read. The last human move is one text, because a join with its row makes Postgres read all transitions.
OVERDUE = """
WITH late AS MATERIALIZED (
  SELECT k.id FROM timer k WHERE k.closed_at IS NULL
     AND coalesce(k.running_since + k.allowance - k.consumed <= :at, k.consumed >= k.allowance)
)
SELECT c.number, c.kind, c.state, c.pack, c.department, c.owner, c.severity, c.customer_type, c.level AS case_level,
       c.variables,
       k.clause, k.cycle, k.occurrence, k.level AS timer_level, k.opened_at, k.running_since, k.allowance, k.consumed,
       k.unit, k.calendar,
       CASE WHEN k.consumed >= k.allowance
            THEN (SELECT min(s.due_at) FROM escalation_step s WHERE s.timer_id = k.id AND s.percent >= 100)
             END AS breached_at,
       (SELECT t.occurred_at || ' ' || t.actor_id || ' ' || t.move FROM transition t
         WHERE t.case_id = c.id AND NOT (t.actor_id = ANY(:machines)) ORDER BY t.seq DESC LIMIT 1) AS last_human
  FROM late CROSS JOIN timer k CROSS JOIN cases c
 WHERE k.id = late.id AND c.id = k.case_id AND NOT c.closed AND ({scope})
"""


@dataclass(frozen=True, slots=True)
class OverduePromise:
    """A promise of an open case that is overdue, and who answers for the case now.

    ``level`` is the case's escalation level, ``timer_level`` the one that this promise has reached by itself.
    ``person`` is whom the state awaits. ``role`` is who is asked at ``level`` in the end, ``asked`` the handles of
    those who hold it, empty if nobody is there at all, and ``vacant`` the roles to ask first that nobody fills now.
    ``due_at`` is the instant at which the allowance was used up. A paused timer does not run, but its promise is
    overdue all the same. The last human move is the last one that neither the system nor an import made.
    """

    number: str
    kind: str
    clause: str
    cycle: int
    occurrence: int
    due_at: datetime
    level: int
    timer_level: int
    department: str | None
    owner: str | None
    severity: str | None
    customer_type: str | None
    state: str
    pack: str
    role: Role
    asked: tuple[str, ...]
    last_human_at: datetime | None
    last_human_move: str | None
    last_human_by: str | None
    paused: bool
    person: str | None = None
    vacant: tuple[Role, ...] = ()

    def late(self, at: datetime) -> timedelta:
        """Return for how long the promise has been overdue."""
        return at - self.due_at

    def document(self) -> dict[str, Any]:
        """Return the promise for programs."""
        return {
            "case": self.number,
            "promise": self.clause,
            "due_at": self.due_at,
            "level": self.level,
            "asked": list(self.asked),
        }


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """A case with its overdue promises: that of the highest level first, then the longest overdue."""

    promises: tuple[OverduePromise, ...]

    @property
    def worst(self) -> OverduePromise:
        """The promise of the highest level; it also holds what is the same for all promises of the case."""
        return self.promises[0]

    @property
    def with_manager(self) -> bool:
        """Whether somebody above the team answers for the case."""
        return self.worst.level >= MANAGER_LEVEL

    @property
    def since(self) -> datetime:
        """When the first of the promises fell due."""
        return min(promise.due_at for promise in self.promises)


def overdue(tx: Tx, at: datetime, staff: Staff | None = None, scope: Condition = EVERY_CASE) -> list[OverduePromise]:
    """Return every overdue promise of the open cases in scope: the highest level first, then the longest overdue."""
    staff = staff or Staff.read(tx, at)
    sql = OVERDUE.format(scope=of_many(scope).sql)
    rows = tx.rows_among(sql, at=to_micros(at), machines=staff.machines, **scope.values)
    promises = _promises(rows, staff, rules_in(tx), at)
    return sorted(promises, key=lambda promise: (-promise.level, promise.due_at, promise.number, promise.clause))


def by_case(promises: Iterable[OverduePromise]) -> list[OverdueCase]:
    """Group promises by case: the highest level first, then the longest overdue."""
    in_order = sorted(promises, key=lambda promise: (promise.number, -promise.timer_level, promise.due_at))
    cases = [OverdueCase(tuple(some)) for _, some in groupby(in_order, key=lambda promise: promise.number)]
    return sorted(cases, key=lambda case: (-case.worst.level, case.since, case.worst.number))


def _promises(rows: Iterable[Any], staff: Staff, rules: Rules, at: datetime) -> Iterator[OverduePromise]:
    for row in rows:
        table = lifecycle_of(row.kind)
        clause = table.resolver.clause(row.clause)
        if clause is None or row.clause in table.timer_only:
            continue  # the clause is retired, or it promises nothing
        due_at = from_micros(due_of(row, rules))
        if due_at > at:
            continue
        state = state_of(row.kind, row.state)
        level = max(row.case_level, row.timer_level)
        human = _human_move(row.last_human, staff, table)
        person = awaited_person(row.kind, state, row.owner, row.variables)
        role, asked, vacant = staff.asked(row.kind, state, level, row.department, person)
        yield OverduePromise(
            number=row.number,
            kind=row.kind,
            clause=clause,
            cycle=row.cycle,
            occurrence=row.occurrence,
            due_at=due_at,
            level=level,
            timer_level=row.timer_level,
            department=row.department,
            owner=row.owner,
            severity=row.severity,
            customer_type=row.customer_type,
            state=state,
            pack=row.pack,
            role=role,
            asked=asked,
            last_human_at=human.at if human else None,
            last_human_move=human.move if human else None,
            last_human_by=human.by if human else None,
            paused=row.running_since is None,
            person=person,
            vacant=vacant,
        )


class _HumanMove(NamedTuple):
    at: datetime
    move: str
    by: str | None


def _human_move(recorded: str | None, staff: Staff, table: Lifecycle) -> _HumanMove | None:
    if recorded is None:
        return None
    at, actor, move = recorded.split(" ")
    return _HumanMove(from_micros(int(at)), table.resolver.move(move), staff.handles.get(int(actor)))


def due_of(row: Any, rules: Rules) -> int:
    """Return when the allowance was used up.

    A timer that was paused, or brought under new rules, after its breach keeps the amount only: then the recorded
    step tells. Where there is none, as for a timer taken over from a merged case, the timer is taken to have run
    since it was opened.
    """
    calendar = rules.calendar(row.calendar)
    if row.consumed < row.allowance:
        return falls_due(row.unit, calendar, row.running_since, row.allowance - row.consumed)
    if row.breached_at is not None:
        return row.breached_at
    return falls_due(row.unit, calendar, row.opened_at, row.allowance)
