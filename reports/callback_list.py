"""Reads and renders a day's callback list: whom to call, when, who calls, and the result to talk about (D3)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from engine.calendars.calling_hours import CALL_WINDOWS
from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due
from engine.transaction import Tx
from locales.translation import label, translate, when
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports.markdown import BOARD, REPORT, SHOWN, link, table
from reports.merged_customers import MergedCustomer, merged_customers

# The result is the statement of the move that led to the current state. A callback is obsolete if the revisit timer of
# its round is closed.
PLANNED = """
SELECT c.number, c.kind, c.category, c.customer_type, b.cycle, b.attempt, b.planned_at, b.owner, p.name, p.phone,
       k.running_since, k.allowance, k.consumed, k.unit, k.calendar,
       (SELECT s.content FROM statement s WHERE s.case_id = c.id AND s.seq =
           (SELECT max(t.seq) FROM transition t WHERE t.case_id = c.id AND t.source <> t.dest
               AND t.move <> 'carried_over')
           AND s.field <> 'recipient'
         ORDER BY s.field <> 'result', s.field LIMIT 1) AS result
  FROM callback b JOIN cases c ON c.id = b.case_id
  JOIN timer k ON k.case_id = b.case_id AND k.cycle = b.cycle AND k.clause IN ({revisit}) AND k.closed_at IS NULL
  LEFT JOIN party p ON p.id = c.party_id
 WHERE b.done_at IS NULL AND b.planned_at >= :begin AND b.planned_at < :end
 ORDER BY b.owner IS NULL, b.owner, b.planned_at, c.id
"""


@dataclass(frozen=True, slots=True)
class PlannedCallback:
    """A callback for the person who makes it; ``result`` is the statement to talk about. Personal: for staff only.

    ``due_at`` is when its window ends, None while the timer is paused. ``others`` are the customers whose cases were
    merged into this one, and who are called, too. ``questionnaire`` is the edition that the customer is asked today.
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
    others: tuple[MergedCustomer, ...] = ()
    questionnaire: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackList:
    """The open callbacks of one local day, by owner and then by time."""

    day: date
    lines: tuple[PlannedCallback, ...]

    @property
    def by_owner(self) -> Counter[str]:
        """The number of callbacks by owner; those without one under the empty handle."""
        return Counter(line.owner or "" for line in self.lines)


def gather(store: Store, now: datetime, day: date | None = None, owner: str | None = None) -> CallbackList:
    """Return the list of a day; today's includes those of earlier days. ``owner`` selects one person's."""
    today = now.astimezone(reader_zone()).date()
    chosen = day or today
    begin = 0 if chosen == today else _midnight(chosen)
    with store.looking() as tx:
        lines = _lines(tx, rules_in(tx), begin, _midnight(chosen + timedelta(days=1)), to_micros(now))
    return CallbackList(chosen, tuple(line for line in lines if owner is None or line.owner == owner))


def _midnight(day: date) -> int:
    return to_micros(datetime.combine(day, time(), reader_zone()))


def _lines(tx: Tx, rules: Rules, begin: int, end: int, at: int) -> list[PlannedCallback]:
    rows = tx.rows(PLANNED.format(revisit=recorded_as("clause", *CALL_WINDOWS)), begin=begin, end=end)
    others = merged_customers(tx, [row.number for row in rows])
    return [
        PlannedCallback(
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
            others=tuple(others.get(row.number, ())),
            questionnaire=asked.edition if (asked := rules.asked_after(row.kind, row.customer_type, at)) else None,
        )
        for row in rows
    ]


def _due(row: Any, rules: Rules) -> datetime | None:
    if row.running_since is None:
        return None
    left = row.allowance - row.consumed
    return from_micros(falls_due(row.unit, rules.calendar(row.calendar), row.running_since, left))


def title(callbacks: CallbackList, locale: str) -> str:
    """Render the day and the number of callbacks."""
    return translate(locale, "callbacks.title", day=callbacks.day.isoformat(), count=len(callbacks.lines))


def render(callbacks: CallbackList, locale: str) -> str:
    """Render the list by owner, without names, telephone numbers or statements of customers."""
    lines = [f"# {title(callbacks, locale)}", "", " · ".join(link(locale, key) for key in (REPORT, BOARD))]
    columns = ("planned", "case", "kind", "attempt", "round", "due")
    heads = [translate(locale, f"board.column.{name}") for name in columns]
    for owner, group in groupby(callbacks.lines, key=lambda line: line.owner or ""):
        own = list(group)
        name = owner or translate(locale, "callbacks.nobody")
        rows = [_row(line, locale) for line in own[:SHOWN]]
        lines += ["", f"## {translate(locale, 'callbacks.of', name=name, count=len(own))}", "", *table(heads, rows)]
        if len(own) > SHOWN:
            lines += ["", translate(locale, "report.more", count=len(own) - SHOWN)]
    if not callbacks.lines:
        lines += ["", translate(locale, "report.none")]
    return "\n".join(lines) + "\n"


def _row(line: PlannedCallback, locale: str) -> tuple[str, ...]:
    return (
        when(line.planned_at, "%m-%d %H:%M"),
        line.number,
        label(locale, "", "kind", line.kind),
        str(line.attempt),
        str(line.round),
        when(line.due_at, "%m-%d %H:%M") if line.due_at else "–",
    )
