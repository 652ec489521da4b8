"""Reads the SLA board: the open cases by milestone, the breached SLA timers, and those due today."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from engine.transaction import Tx
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports import figures
from reports.current_names import clause_of, state_of

NEXT = 15
"""How many of the timers that are due next are listed."""

# A timer with a level has fired an escalation step of its breach; one without has its next step at or before its end.
OPEN_TIMERS = """
SELECT c.number, c.kind, c.state, k.clause, c.department, c.owner, c.level, k.level AS broken, k.running_since,
       k.allowance, k.consumed, k.unit, k.calendar
  FROM timer k JOIN cases c ON c.id = k.case_id WHERE k.closed_at IS NULL AND NOT c.closed
"""
BROKEN = f"{OPEN_TIMERS} AND k.level > 0"
AHEAD = f"{OPEN_TIMERS} AND k.level = 0 AND k.fires_at < :until"
SOON = f"{OPEN_TIMERS} AND k.level = 0 AND k.fires_at IS NOT NULL ORDER BY k.fires_at, k.id LIMIT :limit"


@dataclass(frozen=True, slots=True)
class RunningTimer:
    """An open SLA timer: its case and clause, whom the case waits for, and when it is breached."""

    number: str
    kind: str
    state: str
    clause: str
    department: str
    owner: str | None
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """The board at an instant. Timers are counted by (kind, clause, department); no department is ``''``."""

    at: datetime
    cases: Counter[tuple[str, str, int]]
    broken: Counter[tuple[str, str, str]]
    today: Counter[tuple[str, str, str]]
    soon: tuple[RunningTimer, ...]


def gather(store: Store, at: datetime) -> Board:
    """Read the board in one transaction."""
    until = to_micros(midnight(at))
    with store.looking() as tx:
        rules = rules_in(tx)
        broken = _timers(tx.rows(BROKEN), rules)
        ahead = due_before(tx, rules, until)
        soon = sorted(_timers(tx.rows(SOON, limit=4 * NEXT), rules), key=lambda one: (one.due_at, one.number))
        return Board(at, figures.board(tx), _counted(broken), _counted(ahead), tuple(soon[:NEXT]))


def midnight(at: datetime) -> datetime:
    """Return the end of the local day."""
    return datetime.combine(at.astimezone(reader_zone()).date() + timedelta(days=1), time(), reader_zone())


def due_before(tx: Tx, rules: Rules, until: int) -> list[RunningTimer]:
    """Return the timers not yet breached that will be before ``until`` (microseconds) if nobody acts."""
    return [one for one in _timers(tx.rows(AHEAD, until=until), rules) if to_micros(one.due_at) < until]


def _counted(timers: Iterable[RunningTimer]) -> Counter[tuple[str, str, str]]:
    return Counter((one.kind, one.clause, one.department) for one in timers)


def _timers(rows: Iterable[Any], rules: Rules) -> list[RunningTimer]:
    """Leave out timers that only make a move when they are due."""
    return [_timer(row, rules) for row in rows if row.clause not in figures.timers(row.kind)]


def _timer(row: Any, rules: Rules) -> RunningTimer:
    since = row.running_since
    # A paused timer has no due time; a breached one that is paused is only counted, so any instant will do.
    left = row.allowance - row.consumed
    due = falls_due(row.unit, rules.calendar(row.calendar), since, left) if since is not None else 0
    return RunningTimer(
        number=row.number,
        kind=row.kind,
        state=state_of(row.kind, row.state),
        clause=clause_of(row.kind, row.clause),
        department=row.department or "",
        owner=row.owner,
        level=row.level,
        due_at=from_micros(due),
    )
