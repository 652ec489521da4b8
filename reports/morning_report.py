"""The morning report: what is overdue, what is due today, what was raised by hand, and how the night went."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports import day_figures, figures
from reports.board import RunningTimer, due_before, midnight
from reports.day_figures import RaisedCase
from reports.day_forecast import DayForecastFigures, forecast_before, forecast_of
from reports.discovered_model import DiscoveredModel, discover
from reports.duty_alerts import DutyAlertRow, alerts_between
from reports.figures import DAY, LateStep, Trend
from reports.night_health import NightHealth, health
from reports.overdue import MANAGER_LEVEL, OverdueCase, OverduePromise, by_case, overdue
from reports.staff import Staff

WEEK = timedelta(days=7)
TRENDS = ("open", "resolve", "breach", "escalate", "revisit")
"""The moves whose counts the report compares with the week before."""


@dataclass(frozen=True, slots=True)
class MorningReport:
    """The report's figures: ``overdue`` and ``today`` as of ``at``, the others of the window from ``since`` to ``at``.

    ``unwatched`` are the open cases that are not overdue, and that no running timer watches or nobody touched for long.
    ``broken`` compares, by department, the breaches of the last day with the week before.
    """

    at: datetime
    since: datetime
    cases: int
    board: Counter[tuple[str, str, int]]
    overdue: Sequence[OverduePromise]
    late: Sequence[LateStep]
    unwatched: Sequence[tuple[str, str | None, datetime]]
    callbacks: Sequence[tuple[str, int, datetime]]
    opinions: Counter[str]
    trends: dict[str, Trend]
    resolved_within: dict[str, int]
    health: NightHealth
    callers: Counter[str] = field(default_factory=Counter[str])
    broken: dict[str, Trend] = field(default_factory=dict[str, Trend])
    raised: tuple[RaisedCase, ...] = ()
    today: tuple[RunningTimer, ...] = ()
    lived: tuple[DiscoveredModel, ...] = ()
    alerts: tuple[DutyAlertRow, ...] = ()
    forecast: DayForecastFigures | None = None
    forecast_before: DayForecastFigures | None = None

    @property
    def overdue_cases(self) -> list[OverdueCase]:
        """The overdue promises by case: the highest level first, then the longest overdue."""
        return by_case(self.overdue)

    @property
    def overdue_by_department(self) -> Counter[str]:
        """The number of overdue cases of each department (``''`` for none)."""
        return Counter(case.worst.department or "" for case in self.overdue_cases)

    @property
    def climbed(self) -> list[LateStep]:
        """The steps of the window that reached the department manager or a higher level."""
        return [late for late in self.late if late.level >= MANAGER_LEVEL]

    @property
    def became_late(self) -> list[LateStep]:
        """The breaches of the window, also of promises that were met since."""
        return [late for late in self.late if late.percent == 100]

    @property
    def dealt_with(self) -> int:
        """How many of the breaches of the window are overdue no longer."""
        still = {(promise.number, promise.clause) for promise in self.overdue}
        return sum((late.number, late.clause) not in still for late in self.became_late)

    @property
    def did(self) -> int:
        """The number of breaches."""
        return len(self.became_late)


def by_department(cases: Iterable[tuple[str, str | None, datetime]]) -> dict[str | None, list[str]]:
    """Return the numbers of unwatched cases by their departments."""
    numbers: dict[str | None, list[str]] = defaultdict(list)
    for number, code, _ in cases:
        numbers[code].append(number)
    return numbers


def gather(store: Store, at: datetime, window: timedelta = DAY) -> MorningReport:
    """Compute the report in one transaction."""
    since = at - window
    with store.looking() as tx:
        staff = Staff.read(tx, at)
        late = overdue(tx, at, staff)
        named = {promise.number for promise in late}
        return MorningReport(
            at=at,
            since=since,
            cases=figures.cases(tx),
            board=figures.board(tx),
            overdue=late,
            late=figures.steps(tx, since, at),
            unwatched=[case for case in figures.unwatched(tx, at) if case[0] not in named],
            callbacks=figures.callbacks(tx, at + DAY),
            opinions=figures.opinions(tx),
            trends=figures.moves(tx, TRENDS, at),
            resolved_within=figures.resolved_within(tx),
            health=health(tx, since, at),
            callers=figures.callers(tx, at + DAY),
            broken=day_figures.broken(tx, at),
            raised=day_figures.raised(tx, staff, since, at),
            today=tuple(due_before(tx, rules_in(tx), at, to_micros(midnight(at)))),
            lived=discover(tx, at - WEEK, at),
            alerts=tuple(alerts_between(tx, since, at)),
            forecast=forecast_of(tx, at),
            forecast_before=forecast_before(tx, at),
        )
