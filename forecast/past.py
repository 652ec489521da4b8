"""Look at the timers of the past at shares of their allowance, with what was known then and how they ended (K1).

The record of each case is recomputed (``reports/whatif/recomputed_case``) and stopped where a running timer has used
one of ``LANDMARKS`` of its allowance. What is recorded after that instant has not happened yet.
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

from engine.rules.in_force import Rules, Sort, pack_of
from engine.rules.policy import Pack
from engine.timers.start import AGREED
from engine.timers.timer import RunningTimer
from forecast.model import LONGEST
from forecast.situation import LANDMARKS, Load, Situation, situation_of
from reports.whatif.effects import LeftOut
from reports.whatif.other_rules import OtherRules
from reports.whatif.recomputed_case import RecomputedCase
from reports.whatif.record import RecordedCase, form_of
from statemachines.form_model import ON_CASE, marked
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused

EVER: Final = 2**62


class Example(NamedTuple):
    """A timer at an instant of the past and what became of it; instants in microseconds.

    ``landmark`` is the share used, in percent. ``due`` is when its limit was used up as it stood then. ``broke`` says
    whether it broke its promise, ``ended`` when it ended; None while that is not known. ``key`` names the timer.
    """

    key: tuple[int, str, int, int]
    landmark: int
    at: int
    due: int
    situation: Situation
    broke: bool | None
    ended: int | None

    def settled(self, by: int) -> bool:
        """Return whether the end was known by an instant at which the limit was used up, be it kept or not."""
        return self.due < by and self.broke is not None and (self.broke or (self.ended or EVER) < by)

    @property
    def time_share(self) -> float | None:
        """Return the time until the end as a share of the time left, at most ``LONGEST``; None while not known."""
        if self.ended is None:
            return None
        return min((self.ended - self.at) / max(self.due - self.at, 1), LONGEST)


Stay = tuple[int, str | None]
"""Since when a case is somewhere; until the next stay."""


class Look(NamedTuple):
    """A timer at a landmark, before it is known how many cases were open then, and how it ends."""

    timer: RunningTimer
    landmark: int
    at: int
    due: int
    situation: Situation
    owner: str | None


@dataclass(slots=True)
class OpenCases:
    """When cases came to departments and owners, and when they left them; counts those open at an instant."""

    came: defaultdict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    left: defaultdict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))

    def add(self, stays: Sequence[Stay]) -> None:
        """Add the stays of a case, in their order."""
        for place, (since, name) in enumerate(stays):
            if name is not None:
                self.came[name].append(since)
                if place + 1 < len(stays):
                    self.left[name].append(stays[place + 1][0])

    def sort(self) -> None:
        """Put the instants in order, so that they can be counted."""
        for instants in (*self.came.values(), *self.left.values()):
            instants[:] = array("q", sorted(instants))

    def at(self, name: str, instant: int) -> int:
        """Return how many were open at an instant; what comes and leaves at the instant has come and left."""
        return bisect_right(self.came.get(name, ()), instant) - bisect_right(self.left.get(name, ()), instant)


class WatchedCase(RecomputedCase):
    """A case that is recomputed, and looked at whenever a timer has used a landmark of its allowance."""

    def __init__(self, recorded: RecordedCase, rules: OtherRules) -> None:
        super().__init__(recorded.row, rules)
        self.pack = pack_of_case(rules.rules, recorded)
        self.looks: list[Look] = []
        self.in_department: list[Stay] = []
        self.with_owner: list[Stay] = []
        self._passed: dict[int, int] = {}

    def _fire_before(self, instant: int) -> None:
        while (found := self._next_landmark(instant)) is not None:
            timer, at = found
            super()._fire_before(at)
            place = self._passed.get(id(timer), 0)
            if timer.closed_at is None and timer.due_at(LANDMARKS[place]) == at:
                self._look(timer, LANDMARKS[place], at)
                self._passed[id(timer)] = place + 1
        super()._fire_before(instant)

    def _make(self, move: Any) -> None:
        super()._make(move)
        if move.move in naming_category(self.table):  # no timer depends on it, so recomputing leaves it out
            self.case.category = form_of(self.table, move).get("category") or self.case.category

    def _next_landmark(self, instant: int) -> tuple[RunningTimer, int] | None:
        first, earliest = None, instant
        for timer in self._open:
            place = self._passed.get(id(timer), 0)
            if place < len(LANDMARKS) and timer.running_since is not None and self._is_promise(timer):
                at = timer.due_at(LANDMARKS[place])
                if at is not None and at < earliest:
                    first, earliest = timer, at
        return None if first is None else (first, earliest)

    def _is_promise(self, timer: RunningTimer) -> bool:
        return timer.clause not in self.table.timer_only

    def _look(self, timer: RunningTimer, landmark: int, at: int) -> None:
        due = timer.due_at(100)
        if due is None or due <= at or self.is_broken(timer):
            return
        transfers = max(len(self.departments) - 1, 0)
        # The case is changed by its next move: what is known now is kept at once.
        known = situation_of(timer, self.case, transfers, timer.place, Load(0, None), at)
        self.looks.append(Look(timer, landmark, at, due, known, self.case.owner))

    def note_end(self, moves: Iterable[Any]) -> None:
        """Note when the case ended by its recorded moves, though it could not be lived so far."""
        states = self.table.state
        ends = (move.occurred_at for move in moves if move.dest in states and states[move.dest].final)
        end = next((at for at in ends if at >= self._latest), None)
        if end is not None:
            self.in_department.append((end, None))
            self.with_owner.append((end, None))

    def _note(self, state: str, at: int) -> None:
        super()._note(state, at)
        final = self.table.state[state].final
        for stays, name in ((self.in_department, self.case.department), (self.with_owner, self.case.owner)):
            here = None if final else name
            if not stays or stays[-1][1] != here:
                stays.append((self._latest, here))


@cache
def naming_category(table: Lifecycle) -> frozenset[str]:
    """Return the moves whose form gives the case a category."""
    return frozenset(row.name for row in table.moves if "category" in marked(row.form, ON_CASE))


def pack_of_case(rules: Rules, recorded: RecordedCase) -> Pack:
    """Return the edition under which the first timer of a case was started, as its row names it."""
    first = next((row.policy for row in recorded.timers if row.policy != AGREED), "")
    for edition in rules.editions:
        if edition.sort == Sort.PACK and edition.edition == first:
            return pack_of(edition.content, edition.edition)
    return rules.pack(recorded.row.pack, recorded.row.opened_at)


def examples(cases: Iterable[RecordedCase], rules: OtherRules, until: int, step: int = 1) -> Iterator[Example]:
    """Yield what became of the timers of these cases, every ``step``-th, as of the instant ``until``.

    A timer that does not come out as it is recorded is left out: its terms were not those of the pack of its case. So
    are the timers of a case whose record alone does not tell; it counts as open where it was until its end.
    """
    looks, departments, owners = list[tuple[Look, bool | None]](), OpenCases(), OpenCases()
    number = 0
    for recorded in cases:
        watched = WatchedCase(recorded, rules)
        exact = _lives(watched, recorded, until)
        departments.add(watched.in_department)
        owners.add(watched.with_owner)
        if not exact:
            continue
        rows = {(row.clause, row.cycle, row.occurrence): row for row in recorded.timers}
        for timer in watched.timers:
            number += 1
            if number % step == 0 and _as_recorded(timer, rows):
                broke = _broke(watched, timer)
                looks.extend((look, broke) for look in watched.looks if look.timer is timer)
    departments.sort()
    owners.sort()
    for look, broke in looks:
        yield _example(look, broke, departments, owners)


def _lives(watched: WatchedCase, recorded: RecordedCase, until: int) -> bool:
    """Live the case until an instant; return False, its end noted, where its own record does not tell how."""
    try:
        watched.recompute(recorded.moves, until)
    except (LeftOut, Refused):
        watched.note_end(recorded.moves)
        return False
    return True


def _as_recorded(timer: RunningTimer, rows: dict[tuple[str, int, int], Any]) -> bool:
    row = rows.get((timer.clause, timer.cycle, timer.occurrence))
    return row is not None and (row.allowance, row.opened_at, row.closed_at) == (
        timer.allowance, timer.opened_at, timer.closed_at,
    )  # fmt: skip


def _broke(watched: WatchedCase, timer: RunningTimer) -> bool | None:
    if watched.is_broken(timer):
        return True
    return None if timer.closed_at is None else False


def _example(look: Look, broke: bool | None, departments: OpenCases, owners: OpenCases) -> Example:
    timer = look.timer
    department = look.situation.department
    known = look.situation._replace(
        queue=0 if department is None else departments.at(department, look.at),
        owned=None if look.owner is None else owners.at(look.owner, look.at),
    )
    key = (timer.case_id, timer.clause, timer.cycle, timer.occurrence)
    return Example(key, look.landmark, look.at, look.due, known, broke, timer.closed_at)
