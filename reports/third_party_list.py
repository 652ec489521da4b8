"""Lists the evaluations by third parties, with their comparisons, and what became of their findings (E1, E3).

They are read from the record as of an instant (ADR 67): states and comparisons are those of the moves recorded by then.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.access.condition import EVERY_CASE, Condition
from engine.transaction import Tx
from models.columns import LARGEST
from reports.current_names import state_of
from reports.third_party import ComparedScore, rows_read
from statemachines.finding import FINDING
from statemachines.improvement_plan import IMPROVEMENT_PLAN
from statemachines.kinds import lifecycle_of
from statemachines.third_party_evaluation import THIRD_PARTY_EVALUATION

EVALUATIONS = """
SELECT c.id, c.number, c.pack FROM cases c WHERE c.kind = :kind AND ({scope})
   AND EXISTS (SELECT 1 FROM transition o WHERE o.case_id = c.id AND o.seq = 1 AND o.recorded_at <= :as_of)
 ORDER BY c.id DESC LIMIT :most
"""
MOVES = """
SELECT t.form, t.dest FROM transition t WHERE t.case_id = :id AND t.recorded_at <= :as_of ORDER BY t.seq
"""
CAME_OF_IT = """
SELECT c.id, c.number, c.kind,
       (SELECT t.dest FROM transition t WHERE t.case_id = c.id AND t.recorded_at <= :as_of
         ORDER BY t.seq DESC LIMIT 1) AS state
  FROM link l JOIN cases c ON c.id = l.child_id
 WHERE l.parent_id = :id AND c.kind = :kind AND l.at <= :as_of ORDER BY c.id
"""
MOST = 200


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """A finding of an evaluation, or an improvement plan that came of it, and where it stands."""

    number: str
    kind: str
    state: str
    closed: bool


@dataclass(frozen=True, slots=True)
class ThirdPartyEvaluation:
    """An evaluation: who, which period, announced or not, where it stands; its comparison, and what came of it."""

    number: str
    pack: str
    state: str
    assessor: str
    announcement: str | None
    period: str
    gap_limit: int | None
    figures_at: str | None
    rows: tuple[ComparedScore, ...]
    follow_up: tuple[FollowedUp, ...]


def third_party_evaluations(
    tx: Tx, scope: Condition = EVERY_CASE, period: str | None = None, as_of: int = LARGEST
) -> list[ThirdPartyEvaluation]:
    """Return the evaluations that say whom and what they are of, the newest first; perhaps those of one period.

    They are read as of an instant, in microseconds; without one as they stand.
    """
    of = {"kind": THIRD_PARTY_EVALUATION.kind, "most": MOST, "as_of": as_of, **scope.values}
    read = [(row, *_recorded(tx, row.id, as_of)) for row in tx.rows(EVALUATIONS.format(scope=scope.sql), **of)]
    return [
        _evaluation(tx, row, state, known, as_of)
        for row, state, known in read
        if "period" in known and period in {None, known["period"]}
    ]


def _recorded(tx: Tx, case_id: int, as_of: int) -> tuple[str, dict[str, Any]]:
    """Return the state of an evaluation, and what its moves had said."""
    moves = tx.rows(MOVES, id=case_id, as_of=as_of)
    said = {name: value for move in moves for name, value in json.loads(move.form).items() if value is not None}
    return moves[-1].dest, lifecycle_of(THIRD_PARTY_EVALUATION.kind).resolver.variables(said)


def _evaluation(tx: Tx, row: Any, state: str, known: dict[str, Any], as_of: int) -> ThirdPartyEvaluation:
    return ThirdPartyEvaluation(
        number=row.number,
        pack=row.pack,
        state=state_of(THIRD_PARTY_EVALUATION.kind, state),
        assessor=known["assessor"],
        announcement=known.get("announcement"),
        period=known["period"],
        gap_limit=known.get("gap_limit"),
        figures_at=known.get("figures_at"),
        rows=tuple(rows_read(known.get("comparison", ""))),
        follow_up=tuple(_follow_up(tx, row.id, as_of)),
    )


def _follow_up(tx: Tx, case_id: int, as_of: int) -> Iterable[FollowedUp]:
    for finding in tx.rows(CAME_OF_IT, id=case_id, kind=FINDING.kind, as_of=as_of):
        yield _followed(finding)
        plans = tx.rows(CAME_OF_IT, id=finding.id, kind=IMPROVEMENT_PLAN.kind, as_of=as_of)
        yield from map(_followed, plans)


def _followed(row: Any) -> FollowedUp:
    state = state_of(row.kind, row.state)
    return FollowedUp(row.number, row.kind, state, lifecycle_of(row.kind).state[state].final)
