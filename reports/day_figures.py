"""Counts the day by department and case: breached timers, escalated cases, and who answers for each level."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.commands.case_context import BY_TIMER
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.current_names import state_of
from reports.figures import DAY, LateStep, Trend, timers
from statemachines.roles import LEVELS

# As in `figures.STEPS`: nothing is recorded before it is due, so the index on recorded_at bounds the search.
BROKEN = """
SELECT coalesce(c.department, '') AS department, c.kind, r.clause, count(*) AS n,
       sum(CASE WHEN r.due_at > :day THEN 1 ELSE 0 END) AS day FROM escalation_step r JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at > :week AND r.due_at > :week AND r.due_at <= :until AND r.percent = 100
 GROUP BY c.department, c.kind, r.clause
"""
# As in `figures.MOVES`: changed_at bounds the search, from the smaller table on.
RAISED = """
SELECT c.number, c.kind, t.move, t.level, t.occurred_at AS at, a.handle AS by, c.department
  FROM cases c CROSS JOIN transition t
  CROSS JOIN transition p CROSS JOIN actor a
 WHERE c.changed_at > :since AND t.case_id = c.id AND p.case_id = t.case_id AND p.seq = t.seq - 1 AND a.id = t.actor_id
   AND t.occurred_at > :since AND t.occurred_at <= :until AND t.level > p.level AND t.via <> :clock
 ORDER BY t.level DESC, t.occurred_at, c.id
"""
STAFF = "SELECT handle, roles, department FROM actor ORDER BY handle"
TEAM = "SELECT kind, department, owner, state FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class RaisedCase:
    """A case whose level a move raised, not a timer: by a person, or because the customer was not satisfied."""

    number: str
    kind: str
    move: str
    level: int
    at: datetime
    by: str
    department: str | None


@dataclass(frozen=True, slots=True)
class EscalatedCase:
    """A case escalated by its timers: the clauses with the percents of their steps, the highest level, since when."""

    number: str
    kind: str
    promises: tuple[tuple[str, tuple[int, ...]], ...]
    level: int
    due_at: datetime
    department: str | None
    owner: str | None


def escalated_cases(late: Iterable[LateStep]) -> list[EscalatedCase]:
    """Group the steps by case, highest level first, then longest due."""
    by_case: dict[str, list[LateStep]] = defaultdict(list)
    for one in late:
        by_case[one.number].append(one)
    found = [_escalated(steps) for steps in by_case.values()]
    return sorted(found, key=lambda one: (-one.level, one.due_at, one.number))


def _escalated(steps: list[LateStep]) -> EscalatedCase:
    first, level = steps[0], max(one.level for one in steps)
    percents: dict[str, list[int]] = defaultdict(list)
    for one in sorted(steps, key=lambda one: one.due_at):
        percents[one.clause].append(one.percent)
    since = min(one.due_at for one in steps if one.level == level)
    promises = tuple((clause, tuple(shares)) for clause, shares in percents.items())
    return EscalatedCase(first.number, first.kind, promises, level, since, first.department, first.owner)


def broken(tx: Tx, until: datetime) -> dict[str, Trend]:
    """Count timers breached in the last day, and per day in the week before, by department (``''`` for none)."""
    day, week = Counter[str](), Counter[str]()
    for row in tx.rows(BROKEN, day=to_micros(until - DAY), week=to_micros(until - 8 * DAY), until=to_micros(until)):
        if row.clause not in timers(row.kind):
            day[row.department] += int(row.day)
            week[row.department] += row.n - int(row.day)
    return {name: Trend(day[name], round(week[name] / 7, 1)) for name in sorted({*day, *week})}


def raised(tx: Tx, since: datetime, until: datetime) -> tuple[RaisedCase, ...]:
    """Return the cases whose level a move raised in (since, until], not a timer."""
    rows = tx.rows(RAISED, since=to_micros(since), until=to_micros(until), clock=BY_TIMER)
    return tuple(RaisedCase(**{**row._asdict(), "at": from_micros(row.at)}) for row in rows)


def staff(tx: Tx) -> dict[tuple[int, str], tuple[str, ...]]:
    """Return who answers for a level in a department; under ``''`` everybody who answers for the level."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in tx.rows(STAFF):
        for level, role in enumerate(LEVELS):
            if role in row.roles.split():
                for place in {row.department or "", ""}:
                    found[level, place].append(row.handle)
    return {place: tuple(handles) for place, handles in found.items()}


def states(tx: Tx, numbers: Iterable[str]) -> dict[str, str]:
    """Return the current state of each of these cases."""
    found = ((number, tx.row(TEAM, number=number)) for number in dict.fromkeys(numbers))
    return {number: state_of(row.kind, row.state) for number, row in found if row is not None}


def teams(store: Store, numbers: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the department and the owner of each of these cases."""
    with store.looking() as tx:
        found = ((number, tx.row(TEAM, number=number)) for number in numbers)
        return {number: (row.department, row.owner) for number, row in found if row is not None}
