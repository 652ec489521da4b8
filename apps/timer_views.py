"""What the doors show of a case's promises: budget, what is used, what fired and what is to come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit, provisional
from engine.rules.in_force import Rules
from engine.timers.start import AGREED
from engine.timers.timer import falls_due, spent
from models import Case, EscalationStep, Timer, Transition
from models.columns import MICROSECOND, from_micros, to_micros
from reports.translation import label, translate, when
from statemachines.kinds import lifecycle_of
from statemachines.retirement import CARRIED_OVER

HOUR = timedelta(hours=1)


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
            "rungs_to_come": list(self.to_come),
        }


def timers_of(session: Session, rules: Rules, one: Case, now: datetime) -> list[TimerView]:
    """A case's promises at an instant, oldest first."""
    found = session.exec(select(Timer).where(Timer.case_id == one.id).order_by(col(Timer.id))).all()
    rungs = session.exec(
        select(EscalationStep).where(EscalationStep.case_id == one.id).order_by(col(EscalationStep.step))
    ).all()
    # What rests has rested since the case came where it stands.
    came = select(func.max(Transition.occurred_at)).where(
        Transition.case_id == one.id,
        col(Transition.source) != col(Transition.dest),
        col(Transition.move) != CARRIED_OVER,
    )
    here_since = session.exec(came).one()
    views = [_clock(clock, [rung for rung in rungs if rung.timer_id == clock.id], rules, one, now) for clock in found]
    return [replace(view, paused_since=here_since) if view.rests else view for view in views]


def _clock(clock: Timer, rungs: list[EscalationStep], rules: Rules, one: Case, now: datetime) -> TimerView:
    pack = rules.pack(one.pack, to_micros(now))
    table = lifecycle_of(one.kind)
    name = table.resolver.clause_or_own(clock.clause)
    clause = table.clause.get(name)
    ladder = [100] if clause and clause.then else [step.percent for step in pack.ladder]
    place = rules.calendar(clock.calendar)
    running = spent(clock.unit, place, to_micros(clock.running_since), to_micros(now)) if clock.running_since else 0
    spoken_of = (pack.clauses[known] for known in table.resolver.names("clause", name) if known in pack.clauses)
    limit = next(spoken_of, None)
    return TimerView(
        clause=name,
        cycle=clock.cycle,
        occurrence=clock.occurrence,
        amount=clock.amount,
        unit=clock.unit,
        calendar=clock.calendar,
        allowance=clock.allowance * MICROSECOND,
        extended=clock.extended * MICROSECOND,
        used=(clock.consumed + running) * MICROSECOND,
        opened_at=clock.opened_at,
        running_since=clock.running_since,
        paused_since=None,
        fires_at=clock.fires_at,
        provisional=_provisional(clock, place),
        closed_at=clock.closed_at,
        outcome=clock.outcome,
        level=clock.level,
        fired=tuple((rung.percent, rung.due_at) for rung in rungs),
        to_come=() if clock.closed_at else tuple(ladder[clock.steps_fired :]),
        policy=clock.policy,
        source=AGREED if clock.policy == AGREED else limit.of(traits_of(one)).source if limit else "–",
    )


def traits_of(one: Case) -> dict[str, str | None]:
    """What a promise's amount may depend on (A5)."""
    return {"severity": one.severity, "channel": one.channel, "customer_type": one.customer_type}


def _provisional(clock: Timer, place: Calendar) -> bool:
    """Whether a holiday that is not published yet may move the deadline of a running clock."""
    if clock.running_since is None:
        return False
    left = clock.allowance - clock.consumed
    end = falls_due(clock.unit, place, to_micros(clock.running_since), left)
    return provisional(place, clock.opened_at, from_micros(end), Unit(clock.unit))
