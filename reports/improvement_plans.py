"""Finds improvement plans: that at work for a cause, those required by an indicator, those awaiting its figure (E3)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.retired_names import recorded_as
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from reports.current_names import state_of
from reports.indicators.periods import Period, period_of
from statemachines.improvement_plan import AWAITING_FIGURES, IMPROVEMENT_PLAN, VERIFIED
from statemachines.kinds import lifecycle_of

OPEN_PLANS = """
SELECT c.id, c.number, c.state, c.variables FROM cases c
 WHERE c.kind = :kind AND NOT c.closed AND c.department = :department ORDER BY c.id
"""
OF_INDICATORS = """
SELECT c.id, c.number, c.pack, c.department, c.state, c.closed, c.cycle, c.variables FROM cases c
 WHERE c.kind = :kind AND c.department IS NOT NULL ORDER BY c.id
"""
COMPLETED_AT = """
SELECT max(occurred_at) AS at FROM transition WHERE case_id = :id AND move IN ({complete})
"""
VERIFIED_AT = "SELECT max(occurred_at) AS at FROM transition WHERE case_id = :id AND move IN ({verify_effect})"


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """A plan that is not archived; ``watched_since`` (microseconds) is when its effect was verified, else None."""

    number: str
    watched_since: int | None


@dataclass(frozen=True, slots=True)
class IndicatorPlan:
    """A plan that an indicator required of a department.

    ``period`` is the one whose figure (``actual``, in hundredths) missed the target, ``measured`` the last one whose
    figure judged the effect.
    """

    id: int
    number: str
    pack: str
    department: str
    indicator: str
    state: str
    closed: bool
    cycle: int
    period: Period
    measured: Period | None
    actual: int

    @property
    def watched(self) -> bool:
        """Whether its effect was verified, and it is watched for a recurrence."""
        return self.state == VERIFIED

    @property
    def awaits_figures(self) -> bool:
        """Whether its measures were carried out, and the figure of the next period judges them."""
        return self.state == AWAITING_FIGURES


def indicator_plans(tx: Tx) -> list[IndicatorPlan]:
    """Return every plan that the system required because of an indicator, oldest first."""
    rows = tx.rows(OF_INDICATORS, kind=IMPROVEMENT_PLAN.kind)
    return [_indicator_plan(row) for row in rows if _variables(row).get("period") is not None]


def completed_at(tx: Tx, plan: IndicatorPlan) -> datetime:
    """Return when the measures of a plan were last reported as carried out."""
    row = tx.row(COMPLETED_AT.format(complete=recorded_as("move", "complete")), id=plan.id)
    return from_micros(row.at)


def _indicator_plan(row: Any) -> IndicatorPlan:
    known = _variables(row)
    measured = known.get("measured_period")
    return IndicatorPlan(
        row.id, row.number, row.pack, row.department, known["indicator"], state_of(IMPROVEMENT_PLAN.kind, row.state),
        bool(row.closed), row.cycle, period_of(known["period"]), None if measured is None else period_of(measured),
        known["actual"],
    )  # fmt: skip


def open_plan(store: Store, department: str | None, cause: str) -> OpenPlan | None:
    """Return the oldest open plan of the department for the cause."""
    with store.looking() as tx:
        rows = tx.rows(OPEN_PLANS, kind=IMPROVEMENT_PLAN.kind, department=department)
        return next((_plan(tx, row) for row in rows if _cause(row) == cause), None)


def _cause(row: Any) -> str | None:
    return _variables(row).get("cause")


def _variables(row: Any) -> dict[str, Any]:
    return lifecycle_of(IMPROVEMENT_PLAN.kind).resolver.variables(json.loads(row.variables))


def _plan(tx: Tx, row: Any) -> OpenPlan:
    if state_of(IMPROVEMENT_PLAN.kind, row.state) != VERIFIED:
        return OpenPlan(row.number, None)
    sql = VERIFIED_AT.format(verify_effect=recorded_as("move", "verify_effect"))
    return OpenPlan(row.number, tx.row(sql, id=row.id).at)
