"""Finds the improvement plan that is at work for one cause in one department (E3)."""

import json
from dataclasses import dataclass
from typing import Any

from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from reports.current_names import state_of
from statemachines.improvement_plan import IMPROVEMENT_PLAN, VERIFIED
from statemachines.kinds import lifecycle_of

OPEN_PLANS = """
SELECT c.id, c.number, c.state, c.variables FROM cases c
 WHERE c.kind = :kind AND NOT c.closed AND c.department = :department ORDER BY c.id
"""
VERIFIED_AT = "SELECT max(occurred_at) AS at FROM transition WHERE case_id = :id AND move IN ({verify_effect})"


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """A plan that is not archived; ``watched_since`` (microseconds) is when its effect was verified, else None."""

    number: str
    watched_since: int | None


def open_plan(store: Store, department: str | None, cause: str) -> OpenPlan | None:
    """Return the oldest open plan of the department for the cause."""
    with store.looking() as tx:
        rows = tx.rows(OPEN_PLANS, kind=IMPROVEMENT_PLAN.kind, department=department)
        return next((_plan(tx, row) for row in rows if _cause(row) == cause), None)


def _cause(row: Any) -> str | None:
    return lifecycle_of(IMPROVEMENT_PLAN.kind).resolver.variables(json.loads(row.variables)).get("cause")


def _plan(tx: Tx, row: Any) -> OpenPlan:
    if state_of(IMPROVEMENT_PLAN.kind, row.state) != VERIFIED:
        return OpenPlan(row.number, None)
    sql = VERIFIED_AT.format(verify_effect=recorded_as("move", "verify_effect"))
    return OpenPlan(row.number, tx.row(sql, id=row.id).at)
