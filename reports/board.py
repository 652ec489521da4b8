"""Reads the SLA board: where the open cases stand, which promises are broken, and which fall due today."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports import figures
from reports.current_names import clause_of, state_of
from reports.translation import ZONE

NEXT = 15
"""So many of the promises that fall due next are named."""

# Who has passed a rung with a level has broken its promise; who has not yet has a rung at or before its end.
PROMISES = """
SELECT c.number, c.kind, c.state, k.clause, c.department, c.owner, c.level, k.level AS broken, k.running_since,
       k.allowance, k.consumed, k.unit, k.calendar
  FROM timer k JOIN cases c ON c.id = k.case_id WHERE k.closed_at IS NULL AND NOT c.closed
"""
BROKEN = f"{PROMISES} AND k.level > 0"
AHEAD = f"{PROMISES} AND k.level = 0 AND k.fires_at < :until"
SOON = f"{PROMISES} AND k.level = 0 AND k.fires_at IS NOT NULL ORDER BY k.fires_at, k.id LIMIT :limit"


@dataclass(frozen=True, slots=True)
class Promise:
    """A running promise: whose, what it is, whom its case waits for, and when it is broken."""

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
    """The board at an instant. Promises are counted by (kind, clause, department); no department is ``''``."""

    at: datetime
    cases: Counter[tuple[str, str, int]]
    broken: Counter[tuple[str, str, str]]
    today: Counter[tuple[str, str, str]]
    soon: tuple[Promise, ...]


def gather(store: Store, at: datetime) -> Board:
    """Read the board in one consistent look."""
    until = to_micros(midnight(at))
    with store.looking() as tx:
        rules = rules_in(tx)
        broken = _promises(tx.rows(BROKEN), rules)
        ahead = due_before(tx, rules, until)
        soon = sorted(_promises(tx.rows(SOON, limit=4 * NEXT), rules), key=lambda one: (one.due_at, one.number))
        return Board(at, figures.board(tx), _counted(broken), _counted(ahead), tuple(soon[:NEXT]))


def midnight(at: datetime) -> datetime:
    """The end of the day as people here count it."""
    return datetime.combine(at.astimezone(ZONE).date() + timedelta(days=1), time(), ZONE)


def due_before(tx: Tx, rules: Rules, until: int) -> list[Promise]:
    """The promises, not yet broken, that are broken by ``until`` (microseconds) if nobody keeps them."""
    return [one for one in _promises(tx.rows(AHEAD, until=until), rules) if to_micros(one.due_at) < until]


def _counted(promises: Iterable[Promise]) -> Counter[tuple[str, str, str]]:
    return Counter((one.kind, one.clause, one.department) for one in promises)


def _promises(rows: Iterable[Any], rules: Rules) -> list[Promise]:
    """Without the clocks that only move a case on when their time has come."""
    return [_promise(row, rules) for row in rows if row.clause not in figures.timers(row.kind)]


def _promise(row: Any, rules: Rules) -> Promise:
    since = row.running_since
    # One that rests is due nowhere on the calendar; a broken one that rests stands with the instant of its case.
    left = row.allowance - row.consumed
    due = falls_due(row.unit, rules.calendar(row.calendar), since, left) if since is not None else 0
    return Promise(
        number=row.number,
        kind=row.kind,
        state=state_of(row.kind, row.state),
        clause=clause_of(row.kind, row.clause),
        department=row.department or "",
        owner=row.owner,
        level=row.level,
        due_at=from_micros(due),
    )
