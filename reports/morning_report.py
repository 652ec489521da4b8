"""What a manager reads in the morning: what became late, what climbed, who is asked, and how the night was."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports import day_figures, figures
from reports.board import Promise, due_before, midnight
from reports.day_figures import Climb, Raised, climbs
from reports.discovered_model import DiscoveredModel, lived
from reports.figures import DAY, Late, Trend
from reports.night_health import Health, health

__all__ = ["Health", "MorningReport", "gather"]

WEEK = timedelta(days=7)
ASKED = 2
"""From this level on, somebody above the team is asked."""

TRENDS = ("open", "resolve", "breach", "escalate", "revisit")
"""The moves whose numbers the report compares with the week."""


@dataclass(frozen=True, slots=True)
class MorningReport:
    """The report's figures at one instant; ``window`` is how far back the day reaches."""

    at: datetime
    since: datetime
    cases: int
    board: Counter[tuple[str, str, int]]
    late: Sequence[Late]
    overdue: Counter[str]
    unwatched: Sequence[tuple[str, str | None, datetime]]
    callbacks: Sequence[tuple[str, int, datetime]]
    opinions: Counter[str]
    trends: dict[str, Trend]
    resolved_within: dict[str, int]
    health: Health
    callers: Counter[str] = field(default_factory=Counter[str])
    broken: dict[str, Trend] = field(default_factory=dict[str, Trend])
    raised: tuple[Raised, ...] = ()
    staff: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict[tuple[int, str], tuple[str, ...]])
    states: dict[str, str] = field(default_factory=dict[str, str])
    today: tuple[Promise, ...] = ()
    lived: tuple[DiscoveredModel, ...] = ()

    @property
    def climbed(self) -> list[Late]:
        """What reached the department manager or higher."""
        return [late for late in self.late if late.level >= ASKED]

    @property
    def climbs(self) -> list[Climb]:
        """The same by case: who asks whom for what."""
        return climbs(self.climbed)

    @property
    def became_late(self) -> list[Late]:
        """What broke its promise in this window."""
        return [late for late in self.late if late.percent == 100]

    @property
    def did(self) -> int:
        """How many broken promises it tells of."""
        return len(self.became_late)


def gather(store: Store, at: datetime, window: timedelta = DAY) -> MorningReport:
    """Count what the report says, in one consistent reading of the store."""
    since = at - window
    with store.looking() as tx:
        today = due_before(tx, rules_in(tx), to_micros(midnight(at)))
        late = figures.rungs(tx, since, at)
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
            trends={name: figures.moves(tx, name, at) for name in TRENDS},
            resolved_within=figures.resolved_within(tx),
            health=health(tx, since, at),
            callers=figures.callers(tx, at + DAY),
            broken=day_figures.broken(tx, at),
            raised=day_figures.raised(tx, since, at),
            staff=day_figures.staff(tx),
            states=day_figures.states(tx, (one.number for one in late if one.level >= ASKED)),
            today=tuple(sorted(today, key=lambda one: (one.due_at, one.number))),
            lived=lived(tx, at - WEEK, at),
        )
