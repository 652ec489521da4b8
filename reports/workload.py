"""Counts the open cases of each person: how many he has, how far they have escalated, how many are urgent (B10)."""

from dataclasses import dataclass

from engine.access.condition import EVERY_CASE, Condition
from engine.transaction import Tx
from statemachines.forms import Severity

WORKLOAD = """
SELECT c.owner, count(*) AS n, max(c.level) AS level, sum(CASE WHEN c.severity = :urgent THEN 1 ELSE 0 END) AS urgent
  FROM cases c WHERE NOT c.closed AND ({scope}) GROUP BY c.owner
"""


@dataclass(frozen=True, slots=True)
class Workload:
    """The open cases of a person, or with ``owner`` None those of nobody; ``level`` is the highest among them."""

    owner: str | None
    cases: int
    level: int
    urgent: int


def workload(tx: Tx, scope: Condition = EVERY_CASE) -> list[Workload]:
    """Return the workload of each person from the cases that meet a condition: first nobody's, then the most cases."""
    rows = tx.rows(WORKLOAD.format(scope=scope.sql), urgent=Severity.URGENT.value, **scope.values)
    found = [Workload(row.owner, row.n, row.level, int(row.urgent)) for row in rows]
    return sorted(found, key=lambda each: (each.owner is not None, -each.cases, each.owner or ""))
