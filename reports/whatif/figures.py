"""The figures of a past under other rules: promises kept and broken, steps and levels, and what is not exact."""

from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from models.columns import from_micros
from reports.whatif.comparison import BREACHED, MET, OPEN, STOPPED, ComparedClock
from reports.whatif.recomputed_case import RecomputedCase
from reports.whatif.record import RecordedCase

SHOWN: Final = 10
"""How many changed clocks are named."""
NOBODY: Final = ""
"""The department of a case that has none yet."""


@dataclass(slots=True)
class ClauseFigures:
    """How the clocks of a clause ended as they were (``…_then``) and under the other rules; ``changed`` otherwise."""

    met: int = 0
    breached: int = 0
    stopped: int = 0
    open: int = 0
    met_then: int = 0
    breached_then: int = 0
    stopped_then: int = 0
    open_then: int = 0
    changed: int = 0

    def add(self, clock: ComparedClock) -> None:
        """Count a clock."""
        if clock.now in _COUNTED:
            setattr(self, clock.now, getattr(self, clock.now) + 1)
        if clock.then in _COUNTED:
            setattr(self, f"{clock.then}_then", getattr(self, f"{clock.then}_then") + 1)
        self.changed += clock.now != clock.then

    def include(self, other: "ClauseFigures") -> None:
        """Count also what was counted elsewhere."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTS: Final = tuple(each.name for each in fields(ClauseFigures))
_COUNTED = frozenset({MET, BREACHED, STOPPED, OPEN})


class StepCell(NamedTuple):
    """Where steps are counted: the Monday of a week in a zone, as ISO date, the department and the level."""

    week: str
    department: str
    level: int


@dataclass(slots=True)
class WhatIf:
    """The past under other rules, which have a ``name``; of so many ``cases`` and judged ``clocks``.

    ``clauses`` are by kind and clause. ``steps`` and ``steps_then`` count the escalation steps under the rules and as
    they fired. ``doubts`` counts the clocks about which people would have behaved differently, by reason, and
    ``left_out`` the cases that could not be reckoned. ``not_reckoned`` names the parts of the pack that differ from
    the one in force and change nothing here, as its bounds. ``first`` are the first changed clocks, by case.
    """

    name: str
    cases: int = 0
    clocks: int = 0
    changed: int = 0
    changed_cases: int = 0
    clauses: dict[tuple[str, str], ClauseFigures] = field(default_factory=dict[tuple[str, str], ClauseFigures])
    steps: Counter[StepCell] = field(default_factory=Counter[StepCell])
    steps_then: Counter[StepCell] = field(default_factory=Counter[StepCell])
    doubts: Counter[str] = field(default_factory=Counter[str])
    left_out: Counter[str] = field(default_factory=Counter[str])
    not_reckoned: list[str] = field(default_factory=list[str])
    first: list[ComparedClock] = field(default_factory=list[ComparedClock])

    def add(self, clocks: list[ComparedClock]) -> None:
        """Count the clocks of one case."""
        changed = 0
        for clock in clocks:
            if clock.judged or clock.moved:
                self.doubts.update(clock.doubts)
            if not clock.judged:
                continue
            self.clocks += 1
            self.clauses.setdefault((clock.kind, clock.clause), ClauseFigures()).add(clock)
            if clock.then != clock.now:
                changed += 1
                if len(self.first) < SHOWN:
                    self.first.append(clock)
        self.changed += changed
        self.changed_cases += changed > 0

    def add_steps(
        self, recorded: RecordedCase, recomputed: RecomputedCase, window: tuple[int, int], weeks: "Weeks"
    ) -> None:
        """Count the steps of the clocks that were opened within the window; the timers' own moves are no steps."""
        since, until = window
        opened = {row.id: row.opened_at for row in recorded.timers}
        for step in recorded.steps:
            if step.clause not in recomputed.table.timer_only and since <= opened.get(step.timer_id, since) < until:
                department = _department_at(recomputed.departments, step.seq)
                self.steps_then[StepCell(weeks(step.due_at), department, step.level)] += 1
        for fired in recomputed.steps:
            if since <= fired.timer.opened_at < until:
                self.steps[StepCell(weeks(fired.due_at), fired.department or NOBODY, fired.level)] += 1

    def include(self, later: "WhatIf") -> None:
        """Count also what was counted of cases that come after those counted here."""
        for name in ("cases", "clocks", "changed", "changed_cases"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for key, counted in later.clauses.items():
            self.clauses.setdefault(key, ClauseFigures()).include(counted)
        for mine, others in ((self.steps, later.steps), (self.steps_then, later.steps_then)):
            mine.update(others)
        self.doubts.update(later.doubts)
        self.left_out.update(later.left_out)
        self.first = [*self.first, *later.first][:SHOWN]

    def by_clause(self) -> dict[str, ClauseFigures]:
        """Return the figures of each clause, those of several kinds added up."""
        summed: dict[str, ClauseFigures] = {}
        for (_, clause), figures in sorted(self.clauses.items(), key=lambda each: each[0]):
            summed.setdefault(clause, ClauseFigures()).include(figures)
        return summed

    def by_level(self) -> list[tuple[int, int, int]]:
        """Return for each level the steps as they fired and under the rules."""
        then, now = Counter[int](), Counter[int]()
        for cell, count in self.steps_then.items():
            then[cell.level] += count
        for cell, count in self.steps.items():
            now[cell.level] += count
        return [(level, then[level], now[level]) for level in sorted({*then, *now})]


def _department_at(departments: list[tuple[int, str | None]], seq: int) -> str:
    """Return the department that the case had at a move."""
    found: str | None = None
    for since, department in departments:
        if since <= seq:
            found = department
    return found or NOBODY


class Weeks:
    """Names the week of an instant by its Monday in a zone; each quarter of an hour is converted once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[int, str] = {}

    def __call__(self, at: int) -> str:
        """Return the Monday of the week of an instant in microseconds, as an ISO date."""
        quarter = at // 900_000_000
        if quarter not in self._known:
            day = from_micros(at).astimezone(self._zone).date()
            self._known[quarter] = (day - timedelta(days=day.weekday())).isoformat()
        return self._known[quarter]
