"""Counts the names of a lifecycle that open cases bear, and finds the cases that bear retired ones."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine.transaction import Tx
from statemachines.lifecycle import Lifecycle

STANDING = """
SELECT kind, state, previous_state, count(*) AS n FROM cases WHERE NOT closed GROUP BY kind, state, previous_state
"""
TIMERS = """
SELECT c.kind, c.state, k.clause, count(*) AS n FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.closed_at IS NULL GROUP BY c.kind, c.state, k.clause
"""
# A dead delivery counts, too: a person may retry it.
WAITING = """
SELECT c.kind, t.move, t.source, t.dest, count(*) AS n FROM (
  SELECT case_id, seq FROM outbox_event
  UNION ALL SELECT case_id, seq FROM delivery WHERE status IN ('waiting', 'leased', 'dead')
) w JOIN transition t ON t.case_id = w.case_id AND t.seq = w.seq JOIN cases c ON c.id = w.case_id
 GROUP BY c.kind, t.move, t.source, t.dest
"""
TO_CARRY = """
FROM cases c WHERE NOT c.closed AND c.kind = :kind AND c.id > :after
 AND (c.state = ANY(:states) OR c.previous_state = ANY(:states) {variables}
      OR EXISTS (SELECT 1 FROM timer k WHERE k.case_id = c.id AND k.closed_at IS NULL AND k.clause = ANY(:clauses)))
"""


@dataclass(slots=True)
class NamesInUse:
    """The names that the open cases of one kind bear, each with a count.

    ``standing`` counts cases by state and previous state, ``timers`` open timers by state and clause, ``waiting``
    deliveries by move, source and destination.
    """

    standing: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    timers: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    waiting: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])


def names_in_use(tx: Tx) -> dict[str, NamesInUse]:
    """Count the names in use, by kind."""
    by_kind: dict[str, NamesInUse] = {}
    for row in tx.rows(STANDING):
        by_kind.setdefault(row.kind, NamesInUse()).standing[row.state, row.previous_state] += row.n
    for row in tx.rows(TIMERS):
        by_kind.setdefault(row.kind, NamesInUse()).timers[row.state, row.clause] += row.n
    for row in tx.rows(WAITING):
        by_kind.setdefault(row.kind, NamesInUse()).waiting[row.move, row.source, row.dest] += row.n
    return by_kind


def count_to_carry(tx: Tx, table: Lifecycle) -> int:
    """Return how many open cases of a kind bear a retired name."""
    if not table.retired:
        return 0
    sql, values = to_carry(table, 0)
    return tx.rows_among(f"SELECT count(*) AS n {sql}", **values)[0].n


def to_carry(table: Lifecycle, after: int) -> tuple[str, dict[str, Any]]:
    """Return the SQL, from its FROM on, of the open cases of a kind that bear a retired name, and its values.

    Only cases with an id above ``after`` count.
    """
    names = {f"variable_{n}": name for n, name in enumerate(table.resolver.renamed_variables)}
    holding = "".join(f" OR c.variables LIKE :{key} ESCAPE '!'" for key in names)
    patterns = {key: f'%"{name.replace("_", "!_")}":%' for key, name in names.items()}
    states, clauses = list(table.resolver.states), list(table.resolver.clauses)
    values = {"kind": table.kind, "after": after, "states": states, "clauses": clauses, **patterns}
    return TO_CARRY.format(variables=holding), values
