"""Reads a day's callback list: whom to call, when, who calls, and the case's story in one line (D3)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.translation import ZONE

# The result is what was said when the case came to where it waits for its call. What is open in a round whose revisit
# clock has stopped is wanted no more.
PLANNED = """
SELECT c.number, c.kind, c.category, b.cycle, b.attempt, b.planned_at, b.owner, p.name, p.phone,
       k.running_since, k.allowance, k.consumed, k.unit, k.calendar,
       (SELECT s.content FROM statement s WHERE s.case_id = c.id AND s.seq =
           (SELECT max(t.seq) FROM transition t WHERE t.case_id = c.id AND t.source <> t.dest
               AND t.move <> 'carried_over')
         ORDER BY s.field LIMIT 1) AS result
  FROM callback b JOIN cases c ON c.id = b.case_id
  JOIN timer k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause IN ({revisit}) AND k.closed_at IS NULL
  LEFT JOIN party p ON p.id = c.party_id
 WHERE b.done_at IS NULL AND b.planned_at >= :begin AND b.planned_at < :end
 ORDER BY b.owner IS NULL, b.owner, b.planned_at, c.id
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A callback as who makes it reads it; ``result`` is what came of the case, in words. Personal: for staff only.

    ``due_at`` is when the window ends, None while its clock rests.
    """

    number: str
    kind: str
    category: str | None
    round: int
    attempt: int
    planned_at: datetime
    owner: str | None
    name: str | None
    phone: str | None
    result: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallbackList:
    """The open callbacks of one local day, by who makes them and then by their hour."""

    day: date
    lines: tuple[Line, ...]

    @property
    def by_owner(self) -> Counter[str]:
        """How many each has to call; what is nobody's stands under the empty handle."""
        return Counter(line.owner or "" for line in self.lines)


def gather(store: Store, now: datetime, day: date | None = None, owner: str | None = None) -> CallbackList:
    """The list of a day; today's also holds what earlier days left undone. ``owner`` asks for one person's."""
    today = now.astimezone(ZONE).date()
    meant = day or today
    begin = 0 if meant == today else _midnight(meant)
    with store.looking() as tx:
        lines = _lines(tx, rules_in(tx), begin, _midnight(meant + timedelta(days=1)))
    return CallbackList(meant, tuple(line for line in lines if owner is None or line.owner == owner))


def _midnight(day: date) -> int:
    return to_micros(datetime.combine(day, time(), ZONE))


def _lines(tx: Tx, rules: Rules, begin: int, end: int) -> list[Line]:
    return [
        Line(
            number=row.number,
            kind=row.kind,
            category=row.category,
            round=row.cycle,
            attempt=row.attempt,
            planned_at=from_micros(row.planned_at),
            owner=row.owner,
            name=row.name,
            phone=row.phone,
            result=row.result,
            due_at=_due(row, rules),
        )
        for row in tx.rows(PLANNED.format(revisit=recorded_as("clause", "revisit")), begin=begin, end=end)
    ]


def _due(row: Any, rules: Rules) -> datetime | None:
    if row.running_since is None:
        return None
    left = row.allowance - row.consumed
    return from_micros(falls_due(row.unit, rules.calendar(row.calendar), row.running_since, left))
