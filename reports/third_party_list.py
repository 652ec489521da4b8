"""Lists the evaluations by third parties, with their comparisons, and what became of their findings (E1, E3)."""

import json
from dataclasses import dataclass
from typing import Any

from engine.access.condition import EVERY_CASE, Condition
from engine.commands.links import Relative, children, id_of
from engine.transaction import Tx
from reports.current_names import state_of
from reports.third_party import ComparedScore, rows_read
from statemachines.finding import FINDING
from statemachines.improvement_plan import IMPROVEMENT_PLAN
from statemachines.kinds import lifecycle_of
from statemachines.third_party_evaluation import THIRD_PARTY_EVALUATION

EVALUATIONS = "SELECT c.id, c.number, c.pack, c.state, c.variables FROM cases c WHERE c.kind = :kind AND ({scope})"
NEWEST_FIRST = " ORDER BY c.id DESC LIMIT :most"
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
    tx: Tx, scope: Condition = EVERY_CASE, period: str | None = None
) -> list[ThirdPartyEvaluation]:
    """Return the evaluations that say whom and what they are of, the newest first; perhaps those of one period."""
    table = lifecycle_of(THIRD_PARTY_EVALUATION.kind)
    rows = tx.rows(EVALUATIONS.format(scope=scope.sql) + NEWEST_FIRST, kind=table.kind, most=MOST, **scope.values)
    found = [(row, table.resolver.variables(json.loads(row.variables))) for row in rows]
    return [
        _evaluation(tx, row, known) for row, known in found if "period" in known and period in {None, known["period"]}
    ]


def _evaluation(tx: Tx, row: Any, known: dict[str, Any]) -> ThirdPartyEvaluation:
    return ThirdPartyEvaluation(
        number=row.number,
        pack=row.pack,
        state=state_of(THIRD_PARTY_EVALUATION.kind, row.state),
        assessor=known["assessor"],
        announcement=known.get("announcement"),
        period=known["period"],
        gap_limit=known.get("gap_limit"),
        figures_at=known.get("figures_at"),
        rows=tuple(rows_read(known.get("comparison", ""))),
        follow_up=tuple(_follow_up(tx, row.id)),
    )


def _follow_up(tx: Tx, case_id: int) -> list[FollowedUp]:
    found: list[FollowedUp] = []
    for finding in children(tx, case_id):
        if finding.kind == FINDING.kind:
            found.append(_followed(finding))
            plans = (plan for plan in children(tx, id_of(tx, finding.number)) if plan.kind == IMPROVEMENT_PLAN.kind)
            found += map(_followed, plans)
    return found


def _followed(relative: Relative) -> FollowedUp:
    return FollowedUp(relative.number, relative.kind, relative.state, bool(relative.closed))
