"""Counts customers' answers at callbacks by kind and by dimension, each with its denominator (D2, E1)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.retired_names import recorded_as
from engine.rules.questionnaires import DIMENSIONS, asked_after
from engine.store import Store
from locales.shares import share_number
from models.columns import to_micros
from statemachines.forms import Outcome
from statemachines.kinds import lifecycle_of

STEP = 20
"""How many points of 100 one step of a score is worth."""

# A move that opens another round is recorded in the new one; the round it ended is that of the move before it.
ENDS = """
SELECT c.kind, t.case_id, coalesce(w.person_id, w.id) AS person, p.cycle, t.move, t.form
  FROM transition t JOIN cases c ON c.id = t.case_id LEFT JOIN party w ON w.id = c.party_id
  JOIN transition p ON p.case_id = t.case_id AND p.seq = t.seq - 1
 WHERE t.move IN ({ends})
   AND t.occurred_at >= :begin AND t.occurred_at < :end ORDER BY t.occurred_at, t.case_id, t.seq
"""
RATED = """
SELECT c.kind, r.score FROM rating r JOIN cases c ON c.id = r.case_id
 WHERE r.at >= :begin AND r.at < :end AND r.score IS NOT NULL
"""
ENDING = ("revisit", "unreachable", "close_unsatisfied", "refer")
UNSATISFIED_ENDS = frozenset({"close_unsatisfied", "refer"})


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """One score: how many customers gave it, of how many who answered the call, and the mean in points of 100."""

    code: str
    answered: int
    of: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """The surveys of one kind of case. A round counts once, by its last outcome.

    ``customers`` are those whose last round was judged, each counted once however many rounds and cases he had, by
    that outcome; ``customers_satisfied`` of them are satisfied in the end. A case without a customer is one by itself.

    ``called`` are the rounds whose callback came to its end: ``answered``, or never reached (``silent``). The
    response rate is answered of called. ``judged`` are the answered rounds and those that ended unsatisfied
    without an answer (B3); the satisfied share is ``satisfied`` of judged: silence is in no numerator. ``score``
    is the mean of the weighted scores of the ``scored`` rounds in points of 100.
    """

    kind: str
    called: int
    answered: int
    silent: int
    judged: int
    satisfied: int
    customers: int
    customers_satisfied: int
    scored: int
    score: float | None
    dimensions: tuple[DimensionScore, ...]

    @property
    def response_rate(self) -> float | None:
        """Answered of called, in percent."""
        return share_number(self.answered, self.called, digits=1)

    @property
    def satisfied_share(self) -> float | None:
        """Satisfied of judged rounds, in percent."""
        return share_number(self.satisfied, self.judged, digits=1)

    @property
    def customers_satisfied_share(self) -> float | None:
        """Customers satisfied in the end, of those with an outcome, in percent."""
        return share_number(self.customers_satisfied, self.customers, digits=1)


@dataclass(slots=True)
class _Round:
    kind: str
    customer: tuple[str, int]
    answers: Mapping[str, Any] | None = None
    unsatisfied: bool = False

    @property
    def satisfied(self) -> bool | None:
        """Whether the customer was satisfied; None if he never answered and the round did not end otherwise."""
        if self.answers is not None:
            return self.answers["outcome"] == Outcome.SATISFIED and not self.unsatisfied
        return False if self.unsatisfied else None


def gather(store: Store, since: datetime, until: datetime, kind: str | None = None) -> list[SurveyFigures]:
    """Return the figures of the rounds that ended in [since, until), by kind; ``kind`` selects one."""
    span = {"begin": to_micros(since), "end": to_micros(until)}
    with store.looking() as tx:
        rounds = list(_rounds(tx.rows(ENDS.format(ends=recorded_as("move", *ENDING)), **span)))
        rated = tx.rows(RATED, **span)
    kinds = {kind} if kind else {round_.kind for round_ in rounds}
    return [
        _figures(name, [r for r in rounds if r.kind == name], [row.score for row in rated if row.kind == name])
        for name in sorted(kinds)
    ]


def _rounds(rows: Iterable[Any]) -> Iterable[_Round]:
    rounds: dict[tuple[int, int], _Round] = {}
    for row in rows:
        customer = ("case", row.case_id) if row.person is None else ("person", row.person)
        round_ = rounds.setdefault((row.case_id, row.cycle), _Round(row.kind, customer))
        table = lifecycle_of(row.kind)
        move = table.resolver.move(row.move)
        if move in UNSATISFIED_ENDS:
            round_.unsatisfied = True
        elif move == "revisit":
            round_.answers = table.resolved_form(row.move, json.loads(row.form))
    return rounds.values()


def _figures(kind: str, rounds: list[_Round], scores: list[int]) -> SurveyFigures:
    answers = [round_.answers for round_ in rounds if round_.answers is not None]
    unanswered = sum(round_.answers is None and round_.unsatisfied for round_ in rounds)
    outcomes = {round_.customer: round_.satisfied for round_ in rounds if round_.satisfied is not None}
    silent = len(rounds) - len(answers) - unanswered
    return SurveyFigures(
        kind=kind,
        called=len(answers) + silent,
        answered=len(answers),
        silent=silent,
        judged=len(answers) + unanswered,
        satisfied=sum(answer["outcome"] == Outcome.SATISFIED for answer in answers),
        customers=len(outcomes),
        customers_satisfied=sum(outcomes.values()),
        scored=len(scores),
        score=_mean(scores, 100),
        dimensions=tuple(_dimension(code, answers) for code in _dimensions_of(kind)),
    )


def _dimensions_of(kind: str) -> Iterable[str]:
    """Return the dimensions of the questionnaire in force, or all dimensions without one."""
    questionnaire = asked_after(kind)
    return DIMENSIONS if questionnaire is None else [dimension.code for dimension in questionnaire.dimensions]


def _dimension(code: str, answers: list[Mapping[str, Any]]) -> DimensionScore:
    points = [answer[code] * STEP for answer in answers if answer.get(code) is not None]
    return DimensionScore(code, len(points), len(answers), _mean(points, 1))


def _mean(values: list[int], unit: int) -> float | None:
    return round(sum(values) / len(values) / unit, 1) if values else None
