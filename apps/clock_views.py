"""What the doors show of a case's promises: budget, what is used, what fired and what is to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from engine.calendar import calendar
from engine.clocks import falls_due, spent
from engine.deadlines import Unit, provisional
from engine.policy import pack
from flows.wording import label
from models import Case, Clock, Rung
from models.columns import MICROSECOND, from_micros, to_micros
from statemachines.kinds import lifecycle_of


@dataclass(frozen=True, slots=True)
class ClockView:
    """One promise of a case as people read it; ``used`` is the time consumed until the moment of looking."""

    clause: str
    cycle: int
    amount: int
    unit: str
    calendar: str
    budget: timedelta
    used: timedelta
    opened_at: datetime
    running_since: datetime | None
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
    def used_percent(self) -> int:
        """The share of the budget that is used up."""
        return int(self.used * 100 / self.budget) if self.budget else 0

    def state(self, locale: str) -> str:
        """Running, at rest, or how it ended."""
        name = self.outcome or ("running" if self.running_since else "resting")
        return label(locale, "", "outcome", name)

    def rungs(self) -> str:
        """The rungs that fired, and those to come in brackets."""
        fired = [f"{percent}%" for percent, _ in self.fired]
        return " ".join([*fired, *(f"({percent}%)" for percent in self.to_come)]) or "–"

    def document(self) -> dict[str, Any]:
        """The promise as programs read it; times in ISO 8601, amounts in seconds."""
        names = (
            "clause",
            "cycle",
            "amount",
            "unit",
            "calendar",
            "opened_at",
            "running_since",
            "fires_at",
            "provisional",
        )
        more = ("closed_at", "outcome", "level", "policy", "source")
        return {
            **{name: getattr(self, name) for name in (*names, *more)},
            "budget": self.budget.total_seconds(),
            "consumed": self.used.total_seconds(),
            "rungs_fired": [{"percent": percent, "due_at": due} for percent, due in self.fired],
            "rungs_to_come": list(self.to_come),
        }


def clocks_of(session: Session, one: Case, now: datetime) -> list[ClockView]:
    """A case's promises at an instant, oldest first."""
    found = session.exec(select(Clock).where(Clock.case_id == one.id).order_by(col(Clock.id))).all()
    rungs = session.exec(select(Rung).where(Rung.case_id == one.id).order_by(col(Rung.rung))).all()
    return [_clock(clock, [rung for rung in rungs if rung.clock_id == clock.id], one, now) for clock in found]


def _clock(clock: Clock, rungs: list[Rung], one: Case, now: datetime) -> ClockView:
    rules = pack(one.pack)
    clause = next((clause for clause in lifecycle_of(one.kind).clauses if clause.name == clock.clause), None)
    ladder = [100] if clause and clause.then else [step.percent for step in rules.ladder]
    running = (
        spent(clock.unit, clock.calendar, to_micros(clock.running_since), to_micros(now)) if clock.running_since else 0
    )
    limit = rules.clauses.get(clock.clause)
    return ClockView(
        clause=clock.clause,
        cycle=clock.cycle,
        amount=clock.amount,
        unit=clock.unit,
        calendar=clock.calendar,
        budget=clock.budget * MICROSECOND,
        used=(clock.consumed + running) * MICROSECOND,
        opened_at=clock.opened_at,
        running_since=clock.running_since,
        fires_at=clock.fires_at,
        provisional=_provisional(clock),
        closed_at=clock.closed_at,
        outcome=clock.outcome,
        level=clock.level,
        fired=tuple((rung.percent, rung.due_at) for rung in rungs),
        to_come=() if clock.closed_at else tuple(ladder[clock.rungs_fired :]),
        policy=clock.policy,
        source=limit.source if limit else "–",
    )


def _provisional(clock: Clock) -> bool:
    """Whether a holiday that is not published yet may move the deadline of a running clock."""
    if clock.running_since is None:
        return False
    left = clock.budget - clock.consumed
    end = falls_due(clock.unit, clock.calendar, to_micros(clock.running_since), left)
    return provisional(calendar(clock.calendar), clock.opened_at, from_micros(end), Unit(clock.unit))
