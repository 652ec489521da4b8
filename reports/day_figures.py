"""Counts what a report says of its day by department and case: who broke promises, who climbed, who is asked."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.commands.case_context import BY_TIMER
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.current_names import state_of
from reports.figures import DAY, Late, Trend, timers
from statemachines.roles import LEVELS

# As in `figures.RUNGS`: nothing is recorded before it is due, so the index on recorded_at bounds the search.
BROKEN = """
SELECT coalesce(c.department, '') AS department, c.kind, r.clause, count(*) AS n,
       sum(CASE WHEN r.due_at > :day THEN 1 ELSE 0 END) AS day FROM escalation_step r JOIN cases c ON c.id = r.case_id
 WHERE r.recorded_at > :week AND r.due_at > :week AND r.due_at <= :until AND r.percent = 100
 GROUP BY c.department, c.kind, r.clause
"""
RAISED = """
SELECT c.number, c.kind, t.move, t.level, t.occurred_at AS at, a.handle AS by, c.department FROM transition t
  JOIN transition p ON p.case_id = t.case_id AND p.seq = t.seq - 1
  JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE t.occurred_at > :since AND t.occurred_at <= :until AND t.level > p.level AND t.via <> :clock
 ORDER BY t.level DESC, t.occurred_at, c.id
"""
STAFF = "SELECT handle, roles, department FROM actor ORDER BY handle"
TEAM = "SELECT kind, department, owner, state FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class Raised:
    """A case that climbed by a move and not by a clock: a person raised it, or its customer was not satisfied."""

    number: str
    kind: str
    move: str
    level: int
    at: datetime
    by: str
    department: str | None


@dataclass(frozen=True, slots=True)
class Climb:
    """A case that asks higher people by its clocks: the promises with their rungs, the highest level, since when."""

    number: str
    kind: str
    promises: tuple[tuple[str, tuple[int, ...]], ...]
    level: int
    due_at: datetime
    department: str | None
    owner: str | None


def climbs(late: Iterable[Late]) -> list[Climb]:
    """The rungs of each case as one, the highest level first, then the longest due."""
    by_case: dict[str, list[Late]] = defaultdict(list)
    for one in late:
        by_case[one.number].append(one)
    found = [_climb(rungs) for rungs in by_case.values()]
    return sorted(found, key=lambda one: (-one.level, one.due_at, one.number))


def _climb(rungs: list[Late]) -> Climb:
    first, level = rungs[0], max(one.level for one in rungs)
    percents: dict[str, list[int]] = defaultdict(list)
    for one in sorted(rungs, key=lambda one: one.due_at):
        percents[one.clause].append(one.percent)
    since = min(one.due_at for one in rungs if one.level == level)
    promises = tuple((clause, tuple(shares)) for clause, shares in percents.items())
    return Climb(first.number, first.kind, promises, level, since, first.department, first.owner)


def broken(tx: Tx, until: datetime) -> dict[str, Trend]:
    """Promises broken in the last day, and a day in the week before, by department (``''`` for none)."""
    day, week = Counter[str](), Counter[str]()
    for row in tx.rows(BROKEN, day=to_micros(until - DAY), week=to_micros(until - 8 * DAY), until=to_micros(until)):
        if row.clause not in timers(row.kind):
            day[row.department] += int(row.day)
            week[row.department] += row.n - int(row.day)
    return {name: Trend(day[name], round(week[name] / 7, 1)) for name in sorted({*day, *week})}


def raised(tx: Tx, since: datetime, until: datetime) -> tuple[Raised, ...]:
    """The cases that climbed in (since, until] by a move and not by a clock."""
    rows = tx.rows(RAISED, since=to_micros(since), until=to_micros(until), clock=BY_TIMER)
    return tuple(Raised(**{**row._asdict(), "at": from_micros(row.at)}) for row in rows)


def staff(tx: Tx) -> dict[tuple[int, str], tuple[str, ...]]:
    """Who answers for a level in a department; under ``''`` everybody who answers for the level."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in tx.rows(STAFF):
        for level, role in enumerate(LEVELS):
            if role in row.roles.split():
                for place in {row.department or "", ""}:
                    found[level, place].append(row.handle)
    return {place: tuple(handles) for place, handles in found.items()}


def states(tx: Tx, numbers: Iterable[str]) -> dict[str, str]:
    """Where each of these cases stands now."""
    found = ((number, tx.row(TEAM, number=number)) for number in dict.fromkeys(numbers))
    return {number: state_of(row.kind, row.state) for number, row in found if row is not None}


def teams(store: Store, numbers: Iterable[str]) -> dict[str, tuple[str | None, str | None]]:
    """Department and handler of each of these cases."""
    with store.looking() as tx:
        found = ((number, tx.row(TEAM, number=number)) for number in numbers)
        return {number: (row.department, row.owner) for number, row in found if row is not None}
