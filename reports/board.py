"""Reads the SLA board: what is overdue, what is due today and next, and the open cases by milestone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from engine.escalation.recipients import awaited_person
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports import figures
from reports.current_names import clause_of, state_of
from reports.overdue import OverdueCase, OverduePromise, by_case, overdue

NEXT = 15
"""How many of the timers that are due next are listed."""

# The end of a running timer; exact for units of elapsed time, and never too late for business hours.
END = "k.running_since + k.allowance - k.consumed"
AHEAD = f"""
SELECT c.number, c.kind, c.state, k.clause, k.occurrence, c.department, c.owner, c.level, k.running_since, k.allowance,
       k.consumed, k.unit, k.calendar, c.variables
  FROM cases c CROSS JOIN timer k
 WHERE k.case_id = c.id AND NOT c.closed AND k.closed_at IS NULL AND (k.unit = 'business_hours' OR {END} > :at)
"""  # noqa: S608 (our own constants only)
# A timer that was breached and then given more time has fired the step at 100 % before: so not the next step, but the
# end says whether it is due.
UNTIL = f"{AHEAD} AND {END} < :until"
# In the order of the index on fires_at: the first steps of a ladder are due at or before the end.
SOON = f"""{AHEAD.replace("cases c CROSS JOIN timer k", "timer k CROSS JOIN cases c")}
   AND k.fires_at IS NOT NULL AND k.level = 0 ORDER BY k.fires_at, k.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """An open SLA timer that is not overdue: its case and clause, whom the case waits for, and when it is due.

    ``owner`` is the person whom the state awaits, else the one who has the case.
    """

    number: str
    kind: str
    state: str
    clause: str
    occurrence: int
    department: str
    owner: str | None
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """The board at an instant. ``today`` counts timers by (kind, clause, department); no department is ``''``."""

    at: datetime
    cases: Counter[tuple[str, str, int]]
    overdue: Sequence[OverduePromise]
    today: Counter[tuple[str, str, str]]
    soon: tuple[RunningTimer, ...]

    @property
    def overdue_cases(self) -> list[OverdueCase]:
        """The overdue promises by case: the highest level first, then the longest overdue."""
        return by_case(self.overdue)

    @property
    def broken(self) -> Counter[tuple[str, str, str]]:
        """The overdue promises, counted like ``today``."""
        return Counter((promise.kind, promise.clause, promise.department or "") for promise in self.overdue)


def gather(store: Store, at: datetime) -> Board:
    """Read the board in one transaction."""
    with store.looking() as tx:
        rules = rules_in(tx)
        today = due_before(tx, rules, at, to_micros(midnight(at)))
        ahead = _timers(tx.rows(SOON, at=to_micros(at), limit=4 * NEXT), rules, at)
        soon = sorted({*today, *ahead}, key=lambda timer: (timer.due_at, timer.number, timer.clause))
        counted = Counter((timer.kind, timer.clause, timer.department) for timer in today)
        return Board(at, figures.board(tx), overdue(tx, at), counted, tuple(soon[:NEXT]))


def midnight(at: datetime) -> datetime:
    """Return the end of the local day."""
    return datetime.combine(at.astimezone(reader_zone()).date() + timedelta(days=1), time(), reader_zone())


def due_before(tx: Tx, rules: Rules, at: datetime, until: int) -> list[RunningTimer]:
    """Return the timers due after ``at`` and before ``until`` (microseconds) if nobody acts, the first due first."""
    return [
        timer
        for timer in _timers(tx.rows(UNTIL, at=to_micros(at), until=until), rules, at)
        if to_micros(timer.due_at) < until
    ]


def _timers(rows: Iterable[Any], rules: Rules, at: datetime) -> list[RunningTimer]:
    """Leave out what is overdue, and timers that only make a move when they are due."""
    promises = (_timer(row, rules) for row in rows if row.clause not in figures.timers(row.kind))
    return sorted((timer for timer in promises if timer.due_at > at), key=lambda timer: (timer.due_at, timer.number))


def _timer(row: Any, rules: Rules) -> RunningTimer:
    due = falls_due(row.unit, rules.calendar(row.calendar), row.running_since, row.allowance - row.consumed)
    return RunningTimer(
        number=row.number,
        kind=row.kind,
        state=state_of(row.kind, row.state),
        clause=clause_of(row.kind, row.clause),
        occurrence=row.occurrence,
        department=row.department or "",
        owner=awaited_person(row.kind, row.state, row.owner, row.variables),
        level=row.level,
        due_at=from_micros(due),
    )
