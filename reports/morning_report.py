"""The morning report: breached timers, escalated cases, what is due today, and how the night went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports import day_figures, figures
from reports.board import RunningTimer, due_before, midnight
from reports.day_figures import EscalatedCase, RaisedCase, escalated_cases
from reports.discovered_model import DiscoveredModel, discover
from reports.figures import DAY, LateStep, Trend
from reports.night_health import NightHealth, health

WEEK = timedelta(days=7)
MANAGER_LEVEL = 2
"""From this level on, somebody above the team answers for the case."""

TRENDS = ("open", "resolve", "breach", "escalate", "revisit")
"""The moves whose counts the report compares with the week before."""


@dataclass(frozen=True, slots=True)
class MorningReport:
    """The report's figures of the window from ``since`` to ``at``."""

    at: datetime
    since: datetime
    cases: int
    board: Counter[tuple[str, str, int]]
    late: Sequence[LateStep]
    overdue: Counter[str]
    unwatched: Sequence[tuple[str, str | None, datetime]]
    callbacks: Sequence[tuple[str, int, datetime]]
    opinions: Counter[str]
    trends: dict[str, Trend]
    resolved_within: dict[str, int]
    health: NightHealth
    callers: Counter[str] = field(default_factory=Counter[str])
    broken: dict[str, Trend] = field(default_factory=dict[str, Trend])
    raised: tuple[RaisedCase, ...] = ()
    staff: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict[tuple[int, str], tuple[str, ...]])
    states: dict[str, str] = field(default_factory=dict[str, str])
    today: tuple[RunningTimer, ...] = ()
    lived: tuple[DiscoveredModel, ...] = ()

    @property
    def climbed(self) -> list[LateStep]:
        """The steps that reached the department manager or a higher level."""
        return [late for late in self.late if late.level >= MANAGER_LEVEL]

    @property
    def climbs(self) -> list[EscalatedCase]:
        """The same steps grouped by case."""
        return escalated_cases(self.climbed)

    @property
    def became_late(self) -> list[LateStep]:
        """The breaches of this window."""
        return [late for late in self.late if late.percent == 100]

    @property
    def did(self) -> int:
        """The number of breaches."""
        return len(self.became_late)


def gather(store: Store, at: datetime, window: timedelta = DAY) -> MorningReport:
    """Compute the report in one transaction."""
    since = at - window
    with store.looking() as tx:
        today = due_before(tx, rules_in(tx), to_micros(midnight(at)))
        late = figures.steps(tx, since, at)
        return MorningReport(
            at=at,
            since=since,
            cases=figures.cases(tx),
            board=figures.board(tx),
            late=late,
            overdue=figures.overdue(tx),
            unwatched=figures.unwatched(tx),
            callbacks=figures.callbacks(tx, at + DAY),
            opinions=figures.opinions(tx),
            trends=figures.moves(tx, TRENDS, at),
            resolved_within=figures.resolved_within(tx),
            health=health(tx, since, at),
            callers=figures.callers(tx, at + DAY),
            broken=day_figures.broken(tx, at),
            raised=day_figures.raised(tx, since, at),
            staff=day_figures.staff(tx),
            states=day_figures.states(tx, (one.number for one in late if one.level >= MANAGER_LEVEL)),
            today=tuple(sorted(today, key=lambda one: (one.due_at, one.number))),
            lived=discover(tx, at - WEEK, at),
        )
