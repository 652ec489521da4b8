"""Counts a stratum of a survey: how many were reached and answered, what they said, and without doubtful answers (E1).

A share is of those who answered, with Wilson's interval; silence is in no numerator.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from locales.shares import share_number
from reports.current_names import state_of
from reports.indicators.statistics import rounded, wilson
from statemachines.forms import Outcome
from statemachines.kinds import lifecycle_of
from statemachines.survey_invitation import (
    ANSWERED,
    ARCHIVED,
    CALLED_OFF,
    DECLINED,
    OPEN,
    SURVEY_INVITATION,
    UNANSWERED,
    WRITTEN_TO,
)

SMALL = 30
"""Fewer answers than this are a small sample."""
REACHED = frozenset({*WRITTEN_TO, ANSWERED, ARCHIVED, UNANSWERED, DECLINED})
"""The states of an invitation that reached its customer."""


@dataclass(frozen=True, slots=True)
class StratumFigures:
    """A stratum, or all of them: how many customers it has, and what became of those who were drawn.

    ``called_off`` counts invitations that ended with their survey, ``open`` those whose answer is awaited.
    ``left_out`` counts those who could not be drawn, by reason. ``satisfied`` are of ``answered``, with the 95 %
    interval of the share in percent; ``doubtful`` of them are marked so, and what is counted without these is
    ``undoubted``. ``score`` is the mean of the ``scored`` answers in points of 100.
    """

    name: str
    population: int
    eligible: int
    left_out: dict[str, int]
    drawn: int
    invited: int
    reached: int
    answered: int
    declined: int
    called_off: int
    open: int
    satisfied: int
    doubtful: int
    satisfied_undoubted: int
    scored: int
    score: Decimal | None
    score_undoubted: Decimal | None
    interval: tuple[Decimal, Decimal] | None

    @property
    def response_rate(self) -> float | None:
        """Answered of drawn, in percent."""
        return share_number(self.answered, self.drawn, digits=1)

    @property
    def satisfied_share(self) -> float | None:
        """Satisfied of answered, in percent."""
        return share_number(self.satisfied, self.answered, digits=1)

    @property
    def undoubted_share(self) -> float | None:
        """Satisfied of answered in percent, both without the answers that are marked doubtful."""
        return share_number(self.satisfied_undoubted, self.answered - self.doubtful, digits=1)

    @property
    def small(self) -> bool:
        """Return whether so few answered that the share says little."""
        return self.answered < SMALL


def stratum_figures(name: str, strata: Iterable[Any], asked: Sequence[Any]) -> StratumFigures:
    """Return the figures of some strata together, of the rows of their customers who were drawn."""
    rows = list(strata)
    states = [state_of(SURVEY_INVITATION.kind, each.state) for each in asked if each.state is not None]
    off_from = [state_of(SURVEY_INVITATION.kind, each.off_from) for each in asked if each.off_from is not None]
    answered = [each for each in asked if each.form is not None]
    undoubted = [each for each in answered if each.judged is None or _move(each.judged) != "dispute"]
    satisfied, sure = _satisfied(answered), _satisfied(undoubted)
    left_out = Counter[str]()
    for row in rows:
        left_out.update({reason: len(parties) for reason, parties in json.loads(row.left_out).items()})
    return StratumFigures(
        name=name,
        population=sum(row.population for row in rows),
        eligible=sum(row.eligible for row in rows),
        left_out=dict(sorted(left_out.items())),
        drawn=len(asked),
        invited=len(states),
        reached=sum(state in REACHED for state in states) + sum(each in WRITTEN_TO for each in off_from),
        answered=len(answered),
        declined=states.count(DECLINED),
        called_off=states.count(CALLED_OFF),
        open=sum(state in OPEN for state in states),
        satisfied=satisfied,
        doubtful=len(answered) - len(undoubted),
        satisfied_undoubted=sure,
        scored=sum(each.score is not None for each in answered),
        score=_mean(answered),
        score_undoubted=_mean(undoubted),
        interval=wilson(satisfied, len(answered)),
    )


def _move(recorded: str) -> str:
    return lifecycle_of(SURVEY_INVITATION.kind).resolver.move(recorded)


def _satisfied(answered: Sequence[Any]) -> int:
    return sum(json.loads(each.form)["outcome"] == Outcome.SATISFIED for each in answered)


def _mean(answered: Sequence[Any]) -> Decimal | None:
    """Return the mean of the scores that were given, in points of 100."""
    scores = [each.score for each in answered if each.score is not None]
    return rounded(Fraction(sum(scores), 100 * len(scores))) if scores else None


def weighted_share(strata: Sequence[StratumFigures]) -> Decimal | None:
    """Return the satisfied share with each stratum weighted by its population; None where one has no answer."""
    population = sum(each.population for each in strata)
    if not population or not all(each.answered for each in strata):
        return None
    shares = (Fraction(each.satisfied * each.population, each.answered) for each in strata)
    return rounded(100 * sum(shares, Fraction(0)) / population)
