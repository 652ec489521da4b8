"""Counts the day: breached timers by department, and the cases that were raised by hand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.commands.case_context import BY_TIMER
from engine.escalation.recipients import awaited_person
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.figures import DAY, Trend, timers
from reports.staff import Staff
from statemachines.roles import Role

# As in `figures.STEPS`: nothing is recorded before it is due, so the index on recorded_at bounds the search.
BROKEN = """
SELECT coalesce(c.department, '') AS department, c.kind, r.clause, count(*) AS n,
       sum(CASE WHEN r.due_at > :day THEN 1 ELSE 0 END) AS day FROM escalation_step r JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at > :week AND r.due_at > :week AND r.due_at <= :until AND r.percent = 100
 GROUP BY c.department, c.kind, r.clause
"""
# As in `figures.MOVES`: changed_at bounds the search, from the smaller table on.
RAISED = """
SELECT c.number, c.kind, t.move, t.level, t.occurred_at AS at, a.handle AS by, c.state, c.department, c.owner,
       c.variables
  FROM cases c CROSS JOIN transition t CROSS JOIN transition p CROSS JOIN actor a
 WHERE NOT c.closed AND c.changed_at > :since AND t.case_id = c.id AND p.case_id = t.case_id AND p.seq = t.seq - 1
   AND a.id = t.actor_id AND t.occurred_at > :since AND t.occurred_at <= :until
   AND t.level > p.level AND t.via <> :clock
 ORDER BY t.level DESC, t.occurred_at, c.id
"""
TEAM = "SELECT kind, department, owner, state FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class RaisedCase:
    """A case whose level a move raised, not a timer: by a person, or because the customer was not satisfied.

    ``role`` is who is asked at that level in the end, ``asked`` the handles of those who hold it, and ``vacant`` the
    roles to ask first that nobody fills now.
    """

    number: str
    kind: str
    move: str
    level: int
    at: datetime
    by: str
    role: Role
    asked: tuple[str, ...]
    vacant: tuple[Role, ...] = ()


def broken(tx: Tx, until: datetime) -> dict[str, Trend]:
    """Count timers breached in the last day, and per day in the week before, by department (``''`` for none)."""
    day, week = Counter[str](), Counter[str]()
    for row in tx.rows(BROKEN, day=to_micros(until - DAY), week=to_micros(until - 8 * DAY), until=to_micros(until)):
        if row.clause not in timers(row.kind):
            day[row.department] += int(row.day)
            week[row.department] += row.n - int(row.day)
    return {name: Trend(day[name], round(week[name] / 7, 1)) for name in sorted({*day, *week})}


def raised(tx: Tx, staff: Staff, since: datetime, until: datetime) -> tuple[RaisedCase, ...]:
    """Return the open cases whose level a move raised in (since, until], not a timer: once each, at the highest."""
    rows = tx.rows(RAISED, since=to_micros(since), until=to_micros(until), clock=BY_TIMER)
    by_case = {row.number: row for row in reversed(rows)}
    return tuple(_raised(row, staff) for row in rows if row is by_case[row.number])


def _raised(row: Any, staff: Staff) -> RaisedCase:
    person = awaited_person(row.kind, row.state, row.owner, row.variables)
    asked = staff.asked(row.kind, row.state, row.level, row.department, person)
    return RaisedCase(row.number, row.kind, row.move, row.level, from_micros(row.at), row.by, *asked)


def teams(store: Store, numbers: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the department and the owner of each of these cases."""
    with store.looking() as tx:
        rows = ((number, tx.row(TEAM, number=number)) for number in numbers)
        return {number: (row.department, row.owner) for number, row in rows if row is not None}
