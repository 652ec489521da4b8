"""Answer how many people keep which promise, by runs of the house as it is and as it might be (K3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from engine.calendars.calendar import Calendar
from reports.staffing.arrivals import recent_days
from reports.staffing.drift import drift
from reports.staffing.fit import Fit, fit
from reports.staffing.intervals import Forecast
from reports.staffing.judging import Judge, Promise, acted
from reports.staffing.record import PastCase
from reports.staffing.runs import SAMPLE, House, Scenario, Window
from reports.staffing.self_check import HOLDS, TOO_FEW, TOO_WIDE, WIDEST, Checked, foretold, judged_by, self_check
from reports.staffing.smallest import MOST_TRIALS, Smallest, smallest_rosters
from reports.staffing.staffed_hours import HOUR, local_hour
from reports.whatif.other_rules import OtherRules

LEAST_CASES, LEAST_DAYS = 200, 56
"""A shorter history says nothing."""
FEWEST_DAYS, MOST_DAYS = 7, 56
"""How many days are forecast: as many as a run judges cases of, within these bounds."""
REST: Final = 90
"""So many days after the last case of a forecast its promises may still be kept."""
KNOWN: Final = 0.5
"""The least share of the steps of staff whose work must be known to ask about people."""
TOO_FEW_CASES, TOO_SHORT, NO_PEOPLE = "too_few_cases", "too_short", "no_people"
"""Why nothing is answered, or nothing about people."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: other rosters or demands, compared in so many runs, and the share that is to be kept."""

    scenarios: Sequence[Scenario] = (Scenario(-1), Scenario(1))
    runs: int = 10
    seed: int = 1
    target: float = 0.9
    desk: str | None = None

    @property
    def most_runs(self) -> int:
        """Return how many runs it takes at most, the check and the search included."""
        return self.runs * (2 + len(self.scenarios) + MOST_TRIALS)


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """A desk: the most people that are usually there at once, and the hours that its people are there in a week."""

    name: str
    people: int
    hours: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The promises of a scenario: the forecast of each, for those whose check holds."""

    scenario: Scenario
    promises: Mapping[Promise, Forecast]


@dataclass(slots=True)
class Staffing:
    """The answer; ``silent`` says why there is none, or none about people. The check comes before all figures.

    ``unsaid`` are the promises whose check holds and of which nothing can be said all the same, with the reason.
    """

    cases: int
    since: int
    until: int
    days: int = 0
    silent: list[str] = field(default_factory=list[str])
    checks: list[Checked] = field(default_factory=list[Checked])
    desks: list[DeskFigures] = field(default_factory=list[DeskFigures])
    foreseen: list[Foreseen] = field(default_factory=list[Foreseen])
    smallest: list[Smallest] = field(default_factory=list[Smallest])
    unsaid: dict[Promise, str] = field(default_factory=dict[Promise, str])
    left_out: int = 0

    def holds(self) -> list[Promise]:
        """Return the promises whose check holds."""
        return [each.promise for each in self.checks if each.verdict == HOLDS]


def staffing(
    past: Sequence[PastCase], rules: OtherRules, calendar: Calendar, question: Question, tick: Callable[[], None]
) -> Staffing:
    """Return the answer by a history, in order of opening; ``tick`` is called after each run.

    The forecast begins where the record ends, with the day after the last move that no timer made.
    """
    end = max((acted(each.moves) for each in past), default=0)
    answer = Staffing(len(past), past[0].case.opened_at if past else 0, end)
    if len(past) < LEAST_CASES:
        answer.silent.append(TOO_FEW_CASES)
    elif end - answer.since < LEAST_DAYS * 24 * HOUR:
        answer.silent.append(TOO_SHORT)
    if answer.silent:
        return answer
    judge = Judge(rules)
    answer.checks = self_check(past, end, calendar, judge, question.runs, question.seed, tick)
    house = House(fit(past, end, calendar), judge, _window(past, end, calendar), question.seed)
    answer.days = house.window.days
    answer.desks = desk_figures(house.fit)
    drifted = drift(judged_by(judge, past, end), answer.since, end, answer.days)
    _foresee(answer, house, question, drifted, tick)
    answer.left_out = judge.left_out
    return answer


def _foresee(
    answer: Staffing, house: House, question: Question, drifted: Mapping[Promise, float], tick: Callable[[], None]
) -> None:
    known = answer.holds()

    def forecasts(scenario: Scenario) -> dict[Promise, Forecast]:
        found = house.runs(scenario, question.runs, tick)
        said = {promise: foretold(found, promise, drifted) for promise in known}
        return {promise: each for promise, each in said.items() if each is not None}

    as_it_is = forecasts(Scenario())
    answer.unsaid = {promise: TOO_FEW for promise in known if promise not in as_it_is}
    answer.unsaid |= {promise: TOO_WIDE for promise, each in as_it_is.items() if each.high - each.low > WIDEST}
    known = [promise for promise in known if promise not in answer.unsaid]
    answer.foreseen = [Foreseen(Scenario(), {promise: as_it_is[promise] for promise in known})]
    changed = [desk for desk in answer.desks if question.desk in {None, desk.name}]
    if not changed or not people_known(house.fit):
        answer.silent.append(NO_PEOPLE)
        return
    if not known:
        return
    answer.foreseen += (Foreseen(each, forecasts(each)) for each in question.scenarios)
    base = next(iter(question.scenarios), Scenario(desk=question.desk))
    found = smallest_rosters(
        lambda more: forecasts(base._replace(more=more, people=None)),
        known, question.target, max(desk.people for desk in changed),
    )  # fmt: skip
    answer.smallest = [each._replace(people=each.people if len(changed) == 1 else None) for each in found]


def people_known(known: Fit) -> bool:
    """Return whether the record says who worked, and how long, for most of the steps that staff made."""
    return known.steps > 0 and known.staffed_steps >= KNOWN * known.steps


def desk_figures(known: Fit) -> list[DeskFigures]:
    """Return the desks by name; a week is one without holidays."""
    return [
        DeskFigures(
            desk,
            max(profile.values(), default=0),
            sum(people for (sort, _), people in profile.items() if sort < 7),
        )
        for desk, profile in sorted(known.profiles.items())
    ]


def _window(past: Sequence[PastCase], end: int, calendar: Calendar) -> Window:
    first = local_hour(calendar, end).date() + timedelta(days=1)
    recent = recent_days((end - past[0].case.opened_at) // (24 * HOUR))
    daily = sum(each.case.opened_at >= end - recent * 24 * HOUR for each in past) / recent
    days = min(max(round(SAMPLE / daily) if daily else MOST_DAYS, FEWEST_DAYS), MOST_DAYS)
    return Window(first, days, end + (days + REST) * 24 * HOUR)
