"""Prove a forecast on the past before anything is answered: fitted to two thirds, it must foretell the last (K3)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from engine.calendars.calendar import Calendar
from reports.staffing.drift import JudgedCase, drift
from reports.staffing.fit import fit
from reports.staffing.intervals import Forecast, forecast
from reports.staffing.judging import Judge, Promise
from reports.staffing.record import PastCase
from reports.staffing.runs import House, RunShares, Scenario, Window
from reports.staffing.staffed_hours import local_hour

LEAST_PROMISES: Final = 30
"""Of fewer promises in the last third nothing can be said."""


WIDEST: Final = 0.5
"""An interval wider than half of all that is possible proves nothing when it holds, and is of no use."""
HOLDS, FAILS, TOO_WIDE, TOO_FEW = "holds", "fails", "too_wide", "too_few"
"""What a check comes to; of a promise whose check does not hold nothing is answered."""


class Checked(NamedTuple):
    """What was foretold of a promise in the last third, and what came true: ``kept`` of ``promises``.

    ``foretold`` is None where too few were promised to say anything.
    """

    promise: Promise
    kept: int
    promises: int
    foretold: Forecast | None

    @property
    def share(self) -> float:
        """Return the share that was kept."""
        return self.kept / self.promises

    @property
    def verdict(self) -> str:
        """Return ``holds`` where what came true lies in the interval that was foretold, else why nothing is said."""
        if self.foretold is None:
            return TOO_FEW
        if self.foretold.high - self.foretold.low > WIDEST:
            return TOO_WIDE
        return HOLDS if self.foretold.low <= self.share <= self.foretold.high else FAILS


def self_check(
    past: Sequence[PastCase], end: int, calendar: Calendar, judge: Judge, runs: int, seed: int,
    tick: Callable[[], None],
) -> list[Checked]:  # fmt: skip
    """Return what a forecast by the first two thirds of the cases says of the last third, promise by promise.

    ``past`` is in order of opening, and ends at an instant, in microseconds; ``tick`` is called after each run.
    """
    cut = past[len(past) * 2 // 3].case.opened_at
    first = local_hour(calendar, cut).date()
    days = (local_hour(calendar, past[-1].case.opened_at).date() - first).days + 1
    known = [each for each in past if each.case.opened_at < cut]
    house = House(fit(known, cut, calendar), judge, Window(first, days, end), seed)
    found = house.runs(Scenario(), runs, tick)
    drifted = drift(judged_by(judge, known, cut), known[0].case.opened_at, cut, days)
    kept, every = Counter[Promise](), Counter[Promise]()
    for each in judged_by(judge, past[len(known) :], end):
        every.update(verdict.promise for verdict in each.verdicts)
        kept.update(verdict.promise for verdict in each.verdicts if verdict.kept)
    return [
        Checked(promise, kept[promise], count, foretold(found, promise, drifted, count))
        for promise, count in sorted(every.items())
    ]


def judged_by(judge: Judge, past: Sequence[PastCase], end: int) -> list[JudgedCase]:
    """Return the cases with their promises as they had ended by an instant."""
    return [
        JudgedCase(
            each.case.opened_at,
            judge.recorded(each.case, [move for move in each.moves if move.occurred_at < end], end),
        )
        for each in past
    ]


def foretold(
    runs: Sequence[RunShares], promise: Promise, drifted: Mapping[Promise, float], wanted: float | None = None
) -> Forecast | None:
    """Return the forecast of a promise by runs; None where too few were promised, or the drift is not known."""
    found = [run.get(promise, (0, 0)) for run in runs]
    count = sum(promises for _, promises in found) / len(found) if wanted is None else wanted
    if count < LEAST_PROMISES or promise not in drifted:
        return None
    return forecast(found, drifted[promise], count)
