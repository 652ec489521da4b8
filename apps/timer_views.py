"""The SLA timers of a case as people read them: allowance, used time, steps that fired and that are to come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit, provisional
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules
from engine.rules.policy import Pack
from engine.timers.start import AGREED
from engine.timers.stretches import History, Stretch, stretches, used_up_at
from engine.timers.timer import falls_due, spent
from engine.transaction import Tx
from locales.shares import share
from locales.translation import label, translate, when
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Clause, Lifecycle
from statemachines.retirement import CARRIED_OVER

HOUR = timedelta(hours=1)

# See Note [Read by SQL] in apps/views.py.
TIMERS = """
SELECT id, clause, cycle, occurrence, amount, unit, calendar, allowance, extended, consumed, opened_at, running_since,
       fires_at, closed_at, outcome, level, steps_fired, policy FROM timer WHERE case_id = :case_id ORDER BY id
"""
STEPS = "SELECT timer_id, percent, due_at FROM escalation_step WHERE case_id = :case_id ORDER BY step"
# A paused timer has been paused since the case entered its state.
STATES = """
SELECT source, dest, move, occurred_at FROM transition WHERE case_id = :case_id ORDER BY seq
"""
BREACH = 100
"""The percentage from which a promise is broken."""


@dataclass(frozen=True, slots=True)
class TimerView:
    """One timer of a case; ``used`` is the time consumed up to now.

    ``due_at`` is the instant at which its limit is used up; None while it is paused before that. ``ran`` is when it
    ran, in microseconds; None for a timer that began in a case merged into this one.
    """

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
    due_at: datetime | None
    fires_at: datetime | None
    provisional: bool
    closed_at: datetime | None
    outcome: str | None
    level: int
    fired: tuple[tuple[int, datetime], ...]
    to_come: tuple[int, ...]
    policy: str
    source: str
    ran: tuple[Stretch, ...] | None

    @property
    def paused(self) -> bool:
        """Whether it is open and does not run."""
        return self.outcome is None and self.running_since is None

    @property
    def used_percent(self) -> int:
        """The percentage of the allowance that is used; 100 if exactly all of it is."""
        used, allowance = self.used // MICROSECOND, self.allowance // MICROSECOND
        return int(share(used, allowance) or 0)

    def state(self, locale: str) -> str:
        """Return since when it runs or is paused, or its outcome."""
        if self.outcome is not None:
            return label(locale, "", "outcome", self.outcome)
        since = self.running_since or self.paused_since
        name = "running" if self.running_since else "resting"
        return translate(locale, f"cli.desk.{name}_since", since=when(since) if since else "–")

    def promise(self, kind: str, locale: str) -> str:
        """Return the clause, and the number of the occurrence unless it is the first."""
        name = label(locale, kind, "clause", self.clause)
        return name if self.occurrence == 1 else translate(locale, "cli.desk.turn", clause=name, turn=self.occurrence)

    def limit(self, locale: str) -> str:
        """Return the limit as the pack gives it or the instant that was agreed, and the extension."""
        limit = f"{self.amount} {translate(locale, f'unit.{self.unit}')}"
        if self.agreed_at is not None:
            limit = translate(locale, "cli.clocks.agreed", due=when(self.agreed_at))
        hours = f"{self.extended / HOUR:g}"
        return translate(locale, "cli.desk.extended", limit=limit, hours=hours) if self.extended else limit

    @property
    def agreed_at(self) -> datetime | None:
        """The instant that was agreed with the customer; None for a limit of the pack."""
        return self.opened_at + self.allowance - self.extended if self.policy == AGREED else None

    @property
    def left(self) -> timedelta:
        """How much of the allowance is left."""
        return max(self.allowance - self.used, timedelta())

    def due(self, locale: str) -> str:
        """Return when the limit is used up; of a paused timer how much of it is left."""
        if self.due_at is not None:
            return when(self.due_at)
        return translate(locale, "cli.clocks.left", hours=f"{self.left / HOUR:.4g}") if self.paused else "–"

    def origin(self, locale: str) -> str:
        """Return the clause of the source document, or that the limit was agreed with the customer."""
        return label(locale, "", "source", self.source)

    def steps(self) -> str:
        """Return the escalation steps that fired, and those to come in brackets."""
        fired = [f"{percent}%" for percent, _ in self.fired]
        return " ".join([*fired, *(f"({percent}%)" for percent in self.to_come)]) or "–"

    def document(self) -> dict[str, Any]:
        """Return the timer for programs; times in ISO 8601, amounts in seconds."""
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
            "due_at",
            "agreed_at",
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


def timers_of(tx: Tx, rules: Rules, case: CaseRow, now: datetime) -> list[TimerView]:
    """Return a case's timers at an instant, oldest first."""
    fired: dict[int, list[tuple[int, datetime]]] = {}
    for step in tx.rows(STEPS, case_id=case.id):
        fired.setdefault(step.timer_id, []).append((step.percent, from_micros(step.due_at)))
    history, entered_at = _states_of(tx, case)
    views = [
        _view(row, tuple(fired.get(row.id, ())), rules, case, history, now) for row in tx.rows(TIMERS, case_id=case.id)
    ]
    return [replace(view, paused_since=entered_at) if view.paused else view for view in views]


def _states_of(tx: Tx, case: CaseRow) -> tuple[History, datetime | None]:
    """Return the states that a case came into and when, and when it came into its present one."""
    resolver = lifecycle_of(case.kind).resolver
    rows = tx.rows(STATES, case_id=case.id)
    changes = [row.occurred_at for row in rows if row.source != row.dest and row.move != CARRIED_OVER]
    return [(resolver.state(row.dest), row.occurred_at) for row in rows], _instant(max(changes, default=None))


def _view(
    row: Any,
    fired: tuple[tuple[int, datetime], ...],
    rules: Rules,
    case: CaseRow,
    history: History,
    now: datetime,
) -> TimerView:
    pack = rules.pack(case.pack, to_micros(now))
    table = lifecycle_of(case.kind)
    name = table.resolver.clause_or_own(row.clause)
    clause = table.clause.get(name)
    ladder = [100] if clause and clause.then else [step.percent for step in pack.ladder]
    calendar = rules.calendar(row.calendar)
    running = spent(row.unit, calendar, row.running_since, to_micros(now)) if row.running_since is not None else 0
    ran = _ran(row, clause, history, now)
    broken = next((due_at for percent, due_at in fired if percent >= BREACH and not (clause and clause.then)), None)
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
        due_at=broken or _due_at(row, calendar, ran),
        fires_at=_instant(row.fires_at),
        provisional=_provisional(row, calendar),
        closed_at=_instant(row.closed_at),
        outcome=row.outcome,
        level=row.level,
        fired=fired,
        to_come=() if row.closed_at is not None else tuple(ladder[row.steps_fired :]),
        policy=row.policy,
        source=AGREED if row.policy == AGREED else _source(pack, table, name, case),
        ran=ran,
    )


def _ran(row: Any, clause: Clause | None, history: History, now: datetime) -> tuple[Stretch, ...] | None:
    """Return when the timer ran; None if it began in a case merged into this one, or its clause is gone."""
    if clause is None or all(occurred_at != row.opened_at for _, occurred_at in history):
        return None
    until = to_micros(now) if row.closed_at is None else row.closed_at
    return tuple(stretches(history, clause, row.opened_at, until))


def _source(pack: Pack, table: Lifecycle, clause: str, case: CaseRow) -> str:
    """Return where the pack's limit of the clause comes from."""
    known = (name for name in table.resolver.names("clause", clause) if name in pack.clauses)
    name = next(known, None)
    return "–" if name is None else pack.clauses[name].of(case.traits).source


def _due_at(row: Any, calendar: Calendar, ran: tuple[Stretch, ...] | None) -> datetime | None:
    """Return when the limit is used up: of an open timer by its row, of one that has ended by when it ran."""
    if row.closed_at is None:
        if row.running_since is None:
            return None
        left = max(row.allowance - row.consumed, 0)
        return from_micros(falls_due(row.unit, calendar, row.running_since, left))
    return None if ran is None else _instant(used_up_at(row.unit, calendar, row.allowance, ran, runs=True))


def _provisional(row: Any, calendar: Calendar) -> bool:
    """Return whether a holiday that is not published yet may move the deadline of a running timer."""
    if row.running_since is None:
        return False
    end = falls_due(row.unit, calendar, row.running_since, row.allowance - row.consumed)
    return provisional(calendar, from_micros(row.opened_at), from_micros(end), Unit(row.unit))


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
