"""What the doors show of a case's promises: budget, what is used, what fired and what is to come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from apps.case_rows import CaseRow
from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit, provisional
from engine.rules.in_force import Rules
from engine.timers.start import AGREED
from engine.timers.timer import falls_due, spent
from engine.transaction import Tx
from locales.translation import label, translate, when
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.retirement import CARRIED_OVER

HOUR = timedelta(hours=1)

# See Note [Read by SQL] in apps/case_rows.py.
CLOCKS = """
SELECT id, clause, cycle, occurrence, amount, unit, calendar, allowance, extended, consumed, opened_at, running_since,
       fires_at, closed_at, outcome, level, steps_fired, policy FROM timer WHERE case_id = :case_id ORDER BY id
"""
RUNGS = "SELECT timer_id, percent, due_at FROM escalation_step WHERE case_id = :case_id ORDER BY step"
# What rests has rested since the case came where it stands.
CAME = """
SELECT max(occurred_at) AS at FROM transition
 WHERE case_id = :case_id AND source <> dest AND move <> :carried_over
"""


@dataclass(frozen=True, slots=True)
class TimerView:
    """One promise of a case as people read it; ``used`` is the time consumed until the moment of looking."""

    clause: str
    cycle: int
    occurrence: int
    amount: int
    unit: str
    calendar: str
    allowance: timedelta
    extended: timedelta
    used: timedelta
    opened_at: datetime
    running_since: datetime | None
    paused_since: datetime | None
    fires_at: datetime | None
    provisional: bool
    closed_at: datetime | None
    outcome: str | None
    level: int
    fired: tuple[tuple[int, datetime], ...]
    to_come: tuple[int, ...]
    policy: str
    source: str

    @property
    def rests(self) -> bool:
        """Whether it is open and does not run."""
        return self.outcome is None and self.running_since is None

    @property
    def used_percent(self) -> int:
        """The share of the budget that is used up."""
        return int(self.used * 100 / self.allowance) if self.allowance else 0

    def state(self, locale: str) -> str:
        """RunningTimer or at rest since when, or how it ended."""
        if self.outcome is not None:
            return label(locale, "", "outcome", self.outcome)
        since = self.running_since or self.paused_since
        name = "running" if self.running_since else "resting"
        return translate(locale, f"cli.desk.{name}_since", since=when(since) if since else "–")

    def promise(self, kind: str, locale: str) -> str:
        """The promise's name, and its number where it is not the first of its kind."""
        name = label(locale, kind, "clause", self.clause)
        return name if self.occurrence == 1 else translate(locale, "cli.desk.turn", clause=name, turn=self.occurrence)

    def limit(self, locale: str) -> str:
        """The limit as the pack words it, and what was granted on top of it."""
        limit = f"{self.amount} {translate(locale, f'unit.{self.unit}')}"
        hours = f"{self.extended / HOUR:g}"
        return translate(locale, "cli.desk.extended", limit=limit, hours=hours) if self.extended else limit

    def origin(self, locale: str) -> str:
        """The clause of the document the promise comes from, or that it was agreed with the customer."""
        return label(locale, "", "source", self.source)

    def rungs(self) -> str:
        """The rungs that fired, and those to come in brackets."""
        fired = [f"{percent}%" for percent, _ in self.fired]
        return " ".join([*fired, *(f"({percent}%)" for percent in self.to_come)]) or "–"

    def document(self) -> dict[str, Any]:
        """The promise as programs read it; times in ISO 8601, amounts in seconds."""
        names = (
            "clause",
            "cycle",
            "occurrence",
            "amount",
            "unit",
            "calendar",
            "opened_at",
            "running_since",
            "paused_since",
            "fires_at",
            "provisional",
        )
        more = ("closed_at", "outcome", "level", "policy", "source")
        return {
            **{name: getattr(self, name) for name in (*names, *more)},
            "allowance": self.allowance.total_seconds(),
            "extended": self.extended.total_seconds(),
            "consumed": self.used.total_seconds(),
            "steps_fired": [{"percent": percent, "due_at": due} for percent, due in self.fired],
            "steps_to_come": list(self.to_come),
        }


def timers_of(tx: Tx, rules: Rules, one: CaseRow, now: datetime) -> list[TimerView]:
    """A case's promises at an instant, oldest first."""
    fired: dict[int, list[tuple[int, datetime]]] = {}
    for rung in tx.rows(RUNGS, case_id=one.id):
        fired.setdefault(rung.timer_id, []).append((rung.percent, from_micros(rung.due_at)))
    views = [_clock(row, tuple(fired.get(row.id, ())), rules, one, now) for row in tx.rows(CLOCKS, case_id=one.id)]
    here_since = _instant(tx.row(CAME, case_id=one.id, carried_over=CARRIED_OVER).at)
    return [replace(view, paused_since=here_since) if view.rests else view for view in views]


def _clock(row: Any, fired: tuple[tuple[int, datetime], ...], rules: Rules, one: CaseRow, now: datetime) -> TimerView:
    pack = rules.pack(one.pack, to_micros(now))
    table = lifecycle_of(one.kind)
    name = table.resolver.clause_or_own(row.clause)
    clause = table.clause.get(name)
    ladder = [100] if clause and clause.then else [step.percent for step in pack.ladder]
    place = rules.calendar(row.calendar)
    running = spent(row.unit, place, row.running_since, to_micros(now)) if row.running_since is not None else 0
    limits = (pack.clauses[known] for known in table.resolver.names("clause", name) if known in pack.clauses)
    limit = next(limits, None)
    return TimerView(
        clause=name,
        cycle=row.cycle,
        occurrence=row.occurrence,
        amount=row.amount,
        unit=row.unit,
        calendar=row.calendar,
        allowance=row.allowance * MICROSECOND,
        extended=row.extended * MICROSECOND,
        used=(row.consumed + running) * MICROSECOND,
        opened_at=from_micros(row.opened_at),
        running_since=_instant(row.running_since),
        paused_since=None,
        fires_at=_instant(row.fires_at),
        provisional=_provisional(row, place),
        closed_at=_instant(row.closed_at),
        outcome=row.outcome,
        level=row.level,
        fired=fired,
        to_come=() if row.closed_at is not None else tuple(ladder[row.steps_fired :]),
        policy=row.policy,
        source=AGREED if row.policy == AGREED else limit.of(one.traits).source if limit else "–",
    )


def _provisional(row: Any, place: Calendar) -> bool:
    """Whether a holiday that is not published yet may move the deadline of a running clock."""
    if row.running_since is None:
        return False
    end = falls_due(row.unit, place, row.running_since, row.allowance - row.consumed)
    return provisional(place, from_micros(row.opened_at), from_micros(end), Unit(row.unit))


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
