"""Seeded runs of a fitted house: the same cases come in whatever the roster, so that rosters can be compared (K3)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from models.columns import from_micros, to_micros
from reports.staffing.arrivals import Source
from reports.staffing.fit import Fit
from reports.staffing.judging import Judge, Promise, Verdict
from reports.staffing.queueing import Job, Task, simulate
from reports.staffing.staffed_hours import Profile, StaffedHours, on_hours

SAMPLE: Final = 300
"""How many cases of a run are judged at most; all of them are simulated."""
WARM_UP: Final = 28
"""So many days come in before those that are judged, that desks are not empty when they begin."""


class Scenario(NamedTuple):
    """``more`` people of a desk, or of all where none is named, who come ``shift`` hours later; ``demand`` times.

    ``people``, where it is given, are there in every hour in which anybody is now.
    """

    more: int = 0
    shift: int = 0
    demand: float = 1.0
    desk: str | None = None
    people: int | None = None


class Window(NamedTuple):
    """The local days whose cases are judged, and the instant, in microseconds, by which their promises must end."""

    first: date
    days: int
    until: int


class _Arrival(NamedTuple):
    source: Source
    opened_at: int
    judged: bool


RunShares = dict[Promise, tuple[int, int]]
"""Of each promise how many were kept, and how many there were."""


def changed_profile(usual: Profile, scenario: Scenario) -> Profile:
    """Return how many people are there in a scenario: nobody comes in hours in which nobody does now."""
    if scenario.people is not None:
        return dict.fromkeys(usual, scenario.people)
    return {hour: max(people + scenario.more, 0) for hour, people in usual.items()}


@dataclass(slots=True)
class House:
    """A fitted house and the window to be forecast; what is drawn for a run is drawn once for all scenarios."""

    fit: Fit
    judge: Judge
    window: Window
    seed: int
    _drawn: dict[int, list[_Arrival]] = field(default_factory=dict[int, list[_Arrival]])

    def runs(self, scenario: Scenario, count: int, tick: Callable[[], None]) -> list[RunShares]:
        """Return the promises kept in so many runs; ``tick`` is called after each."""
        found: list[RunShares] = []
        hours = self.hours(scenario)
        for number in range(count):
            found.append(self._run(number, scenario.demand, hours))
            tick()
        return found

    def hours(self, scenario: Scenario) -> dict[str, StaffedHours]:
        """Return when how many people of each desk are there, from the warm-up to the end of the window."""
        midnight = datetime.combine(self.window.first, time(), self.fit.calendar.zone)
        begin = to_micros(midnight - timedelta(days=WARM_UP + 1))
        found: dict[str, StaffedHours] = {}
        for desk, usual in self.fit.profiles.items():
            profile, shift = usual, 0
            if scenario.desk in {None, desk}:
                profile, shift = changed_profile(usual, scenario), scenario.shift
            found[desk] = on_hours(profile, self.fit.calendar, begin, self.window.until, shift)
        return found

    def _run(self, number: int, demand: float, hours: Mapping[str, StaffedHours]) -> RunShares:
        arrivals = [each for each in self._arrivals(number) for _ in range(each.source.copies(demand))]
        jobs = [
            Job(each.opened_at, [Task(step.desk, step.delay, step.work) for step in each.source.life.steps])
            for each in arrivals
        ]
        kept, every = Counter[Promise](), Counter[Promise]()
        for each, ends in zip(arrivals, simulate(jobs, hours), strict=True):
            if each.judged:
                verdicts = self._verdicts(each, ends)
                kept.update(verdict.promise for verdict in verdicts if verdict.kept)
                every += Counter(verdict.promise for verdict in verdicts) | self._made(each)
        return {promise: (kept[promise], count) for promise, count in every.items()}

    def _verdicts(self, arrival: _Arrival, ends: Sequence[int]) -> Sequence[Verdict]:
        return self.judge.simulated(arrival.source.life, arrival.opened_at, ends, self.window.until)

    def _made(self, arrival: _Arrival) -> Counter[Promise]:
        """Return the promises of a case for which nobody has to wait: one that a wait keeps from beginning is broken.

        Else a desk without people would look well: who is never called back has no second round to be late in.
        """
        steps = arrival.source.life.steps
        ends = [arrival.opened_at + passed for passed in accumulate(step.delay + step.work for step in steps)]
        return Counter(verdict.promise for verdict in self._verdicts(arrival, ends))

    def _arrivals(self, number: int) -> list[_Arrival]:
        """Return the cases of a run, drawn the first time: of those within the window a sample is judged."""
        if number not in self._drawn:
            random = Random(f"{self.seed} {number}")  # noqa: S311 - the same in every run
            first, days = self.window.first - timedelta(days=WARM_UP), self.window.days + WARM_UP
            drawn = [self._arrival(source, random) for source in self.fit.days.drawn(first, days, random)]
            begin = to_micros(datetime.combine(self.window.first, time(), self.fit.calendar.zone))
            judged = [place for place, each in enumerate(drawn) if each.opened_at >= begin]
            chosen = set(random.sample(judged, min(SAMPLE, len(judged))))
            self._drawn[number] = [each._replace(judged=place in chosen) for place, each in enumerate(drawn)]
        return self._drawn[number]

    def _arrival(self, source: Source, random: Random) -> _Arrival:
        life = self.fit.rests.continued(source.life, random)
        opened_at = self.fit.calendar.days_later(from_micros(life.case.opened_at), source.days)
        return _Arrival(Source(life, source.days, source.chance), to_micros(opened_at), judged=False)
