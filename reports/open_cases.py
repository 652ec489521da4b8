"""Counts the open cases once for all that the board says of them: by kind, milestone and level, and whose they are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.access.condition import EVERY_CASE, Condition
from engine.access.scope import of_many
from engine.transaction import Tx
from reports.current_names import state_of
from statemachines.forms import Severity
from statemachines.kinds import lifecycle_of

# In the order of the index ix_cases_kind, which has every column, so that nothing is sorted and no row is read.
GROUPS = """
SELECT c.kind, c.level, c.state, c.owner, count(*) AS cases,
       sum(CASE WHEN c.severity = :urgent THEN 1 ELSE 0 END) AS urgent
  FROM cases c WHERE NOT c.closed AND ({scope}) GROUP BY c.kind, c.level, c.state, c.owner
"""


@dataclass(frozen=True, slots=True)
class OpenCases:
    """How many open cases of a kind are at a level and in a state, and belong to an owner; how many are urgent."""

    kind: str
    level: int
    state: str
    owner: str | None
    cases: int
    urgent: int


def open_cases(tx: Tx, scope: Condition = EVERY_CASE) -> list[OpenCases]:
    """Count the open cases that meet a condition; no two groups have the same kind, level, state and owner."""
    scope = of_many(scope)
    rows = tx.rows(GROUPS.format(scope=scope.sql), urgent=Severity.URGENT.value, **scope.values)
    return [OpenCases(row.kind, row.level, row.state, row.owner, row.cases, int(row.urgent)) for row in rows]


def by_milestone(groups: Iterable[OpenCases]) -> Counter[tuple[str, str, int]]:
    """Count cases by kind, milestone and level; a state that is known no more stands for its milestone."""
    counted: Counter[tuple[str, str, int]] = Counter()
    for each in groups:
        known = lifecycle_of(each.kind).state.get(state_of(each.kind, each.state))
        counted[each.kind, known.milestone.value if known else each.state, each.level] += each.cases
    return counted
