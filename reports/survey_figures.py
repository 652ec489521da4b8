"""Counts customers' answers at callbacks by kind and by dimension, each with its denominator (D2, E1)."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.retired_names import recorded_as
from engine.rules.in_force import rules_in
from engine.rules.indicator_queries import called_back_kinds
from engine.rules.questionnaires import DIMENSIONS
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
 WHERE t.move IN ({ends}) AND c.kind IN ({kinds})
   AND t.occurred_at >= :begin AND t.occurred_at < :end ORDER BY t.occurred_at, t.case_id, t.seq
"""
RATED = """
SELECT c.kind, r.questionnaire, r.version, r.score FROM rating r JOIN cases c ON c.id = r.case_id
 WHERE r.at >= :begin AND r.at < :end AND r.score IS NOT NULL AND c.kind IN ({kinds})
 ORDER BY r.at, r.case_id, r.cycle
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
class VersionScore:
    """The mean of the weighted scores under one version of a questionnaire, in points of 100, and of how many rounds.

    Each version has weights of its own, so no mean spans two versions.
    """

    questionnaire: str
    version: str
    scored: int
    score: float


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """The surveys of one kind of case. A round counts once, by its last outcome.

    ``customers`` are those whose last round was judged, each counted once however many rounds and cases he had, by
    that outcome; ``customers_satisfied`` of them are satisfied in the end. A case without a customer is one by itself.

    ``called`` are the rounds whose callback came to its end: ``answered``, or never reached (``silent``). The
    response rate is answered of called. ``judged`` are the answered rounds and those that ended unsatisfied
    without an answer (B3); the satisfied share is ``satisfied`` of judged: silence is in no numerator.
    """

    kind: str
    called: int
    answered: int
    silent: int
    judged: int
    satisfied: int
    customers: int
    customers_satisfied: int
    scores: tuple[VersionScore, ...]
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
        kinds = ", ".join(f"'{each}'" for each in sorted(called_back_kinds()))
        rounds = list(_rounds(tx.rows(ENDS.format(ends=recorded_as("move", *ENDING), kinds=kinds), **span)))
        rated = tx.rows(RATED.format(kinds=kinds), **span)
        rules = rules_in(tx)
    figures: list[SurveyFigures] = []
    for name in sorted({kind} if kind else {round_.kind for round_ in rounds}):
        asking = [each for each in rules.questionnaires(span["end"] - 1).values() if name in each.kinds]
        asked = {dimension.code for each in asking for dimension in each.dimensions} or {*DIMENSIONS}
        scores = _scores(row for row in rated if row.kind == name)
        figures.append(_figures(name, [round_ for round_ in rounds if round_.kind == name], scores, asked))
    return figures


def _rounds(rows: Iterable[Any]) -> Iterable[_Round]:
    rounds: dict[tuple[int, int], _Round] = {}
    for row in rows:
        customer = ("case", row.case_id) if row.person is None else ("person", row.person)
        key = (row.case_id, row.cycle)
        rounds[key] = round_ = rounds.pop(key, None) or _Round(row.kind, customer)  # in the order of their last outcome
        table = lifecycle_of(row.kind)
        move = table.resolver.move(row.move)
        if move in UNSATISFIED_ENDS:
            round_.unsatisfied = True
        elif move == "revisit":
            round_.answers = table.resolved_form(row.move, json.loads(row.form))
    return rounds.values()


def _figures(
    kind: str, rounds: list[_Round], scores: tuple[VersionScore, ...], asked: Collection[str]
) -> SurveyFigures:
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
        scores=scores,
        dimensions=tuple(_dimensions(asked, answers)),
    )


def _scores(rated: Iterable[Any]) -> tuple[VersionScore, ...]:
    """Return the mean score of each version, in the order in which they were first used."""
    by_version: dict[tuple[str, str], list[int]] = {}
    for row in rated:
        by_version.setdefault((row.questionnaire, row.version), []).append(row.score)
    return tuple(
        VersionScore(name, version, len(scores), round(sum(scores) / len(scores) / 100, 1))
        for (name, version), scores in by_version.items()
    )


def _dimensions(asked: Collection[str], answers: list[Mapping[str, Any]]) -> Iterable[DimensionScore]:
    """Yield the scores of the dimensions that are asked, and of those that an earlier version asked."""
    for code in DIMENSIONS:
        dimension = _dimension(code, answers)
        if code in asked or dimension.answered:
            yield dimension


def _dimension(code: str, answers: list[Mapping[str, Any]]) -> DimensionScore:
    points = [answer[code] * STEP for answer in answers if answer.get(code) is not None]
    return DimensionScore(code, len(points), len(answers), round(sum(points) / len(points), 1) if points else None)
