"""Counts the evaluations that customers gave of their own accord, with those marked doubtful and without them (E8).

A doubtful evaluation stays where it is, so every figure is given both ways. Only one that its customer took back counts
in neither.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from engine.retired_names import recorded_as
from engine.transaction import Tx
from statemachines.evaluation import EVALUATION, Tone
from statemachines.kinds import lifecycle_of

DIMENSIONS = ("timeliness", "intact_goods", "attitude", "quality")
"""The scores of an evaluation."""
STEP = 20
"""How many points of 100 one step of a score is worth."""
MOVES = """
SELECT c.id, t.move, t.form FROM cases c JOIN transition t ON t.case_id = c.id
 WHERE c.kind = :kind AND c.opened_at >= :since AND c.opened_at < :until AND t.recorded_at <= :as_of
   AND t.move IN ({moves}) ORDER BY c.id, t.seq
"""
TOLD = ("open", "assess", "dispute", "clear_dispute", "withdraw")


@dataclass(frozen=True, slots=True)
class CountedEvaluations:
    """How many evaluations there are, how many of each tone, and the mean of each score in points of 100 with its n."""

    count: int
    tones: Mapping[str, int]
    means: Mapping[str, tuple[int, Fraction | None]]


@dataclass(frozen=True, slots=True)
class EvaluationFigures:
    """The evaluations received in a period: of the assessed ones the figures with the doubtful ones and without."""

    received: int
    unassessed: int
    withdrawn: int
    doubtful: int
    with_doubtful: CountedEvaluations
    without_doubtful: CountedEvaluations


@dataclass(slots=True)
class _Evaluation:
    assessed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    doubtful: bool = False
    withdrawn: bool = False


def evaluation_figures(tx: Tx, since: int, until: int, as_of: int) -> EvaluationFigures:
    """Return the figures of the evaluations opened in [since, until), by what was recorded by an instant; in µs."""
    found = _evaluations(tx, since, until, as_of)
    counted = [each for each in found if each.assessed and not each.withdrawn]
    return EvaluationFigures(
        received=len(found),
        unassessed=sum(not each.assessed for each in found),
        withdrawn=sum(each.withdrawn for each in found),
        doubtful=sum(each.doubtful for each in counted),
        with_doubtful=_counted([each.assessed for each in counted]),
        without_doubtful=_counted([each.assessed for each in counted if not each.doubtful]),
    )


def _evaluations(tx: Tx, since: int, until: int, as_of: int) -> Collection[_Evaluation]:
    table = lifecycle_of(EVALUATION.kind)
    sql = MOVES.format(moves=recorded_as("move", *TOLD))
    found: dict[int, _Evaluation] = {}
    for row in tx.rows(sql, kind=EVALUATION.kind, since=since, until=until, as_of=as_of):
        each = found.setdefault(row.id, _Evaluation())
        match table.resolver.move(row.move):
            case "assess":
                each.assessed = table.resolved_form(row.move, json.loads(row.form))
            case "dispute":
                each.doubtful = True
            case "clear_dispute":
                each.doubtful = False
            case "withdraw":
                each.withdrawn = True
            case _:
                pass
    return found.values()


def _counted(assessed: Collection[Mapping[str, Any]]) -> CountedEvaluations:
    tones = Counter(str(form["tone"]) for form in assessed)
    means = {name: _mean(form.get(name) for form in assessed) for name in DIMENSIONS}
    return CountedEvaluations(len(assessed), {tone.value: tones[tone.value] for tone in Tone}, means)


def _mean(scores: Iterable[int | None]) -> tuple[int, Fraction | None]:
    given = [score for score in scores if score is not None]
    return len(given), Fraction(sum(given) * STEP, len(given)) if given else None
