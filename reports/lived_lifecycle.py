"""How the cases of a kind lived its lifecycle: how often each move was made, how long they stayed, how many fit it."""

from array import array
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from engine.commands.open_case import OPEN
from engine.transaction import Tx
from models.columns import to_micros
from reports.conformance_figures import SojournTime
from reports.current_names import state_of
from reports.discovered_model import Arc, DiscoveredModel
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.retirement import CARRIED_OVER

MOVES = """
SELECT t.case_id, t.move, t.source, t.dest, t.occurred_at, t.inferred, t.cycle FROM cases c
  JOIN transition t ON t.case_id = c.id
 WHERE c.kind = :kind AND c.opened_at >= :since AND t.move <> :carried_over ORDER BY t.case_id, t.seq
"""
STANDING = """
SELECT state AS name, count(*) AS n FROM cases
 WHERE kind = :kind AND opened_at >= :since AND NOT closed GROUP BY state
"""


@dataclass(frozen=True, slots=True)
class LivedLifecycle:
    """The model of a kind, how often each move was made, how long stays in each state were, and how many cases fit.

    ``as_told`` counts the cases of which no step is inferred, ``reopened`` those of more than one round.
    """

    model: DiscoveredModel
    moves: Counter[str]
    stays: dict[str, SojournTime]
    cases: int
    as_told: int
    reopened: int


def lived_lifecycle(tx: Tx, kind: str, since: datetime) -> LivedLifecycle:
    """Return how the cases of a kind lived that were opened since an instant. Raises ``Refused('unknown_kind')``."""
    table = lifecycle_of(kind)
    span = {"kind": table.kind, "since": to_micros(since)}
    rows = tx.rows(MOVES, **span, carried_over=CARRIED_OVER)
    arcs, moves = Counter[Arc](), Counter[str]()
    cases, inferred, reopened = set[int](), set[int](), set[int]()
    for row in rows:
        cases.add(row.case_id)
        if row.inferred:
            inferred.add(row.case_id)
        if row.cycle > 1:
            reopened.add(row.case_id)
        move = table.resolver.move(row.move)
        moves[move] += 1
        dest = table.resolver.state(row.dest)
        source = "" if row.move == OPEN else table.resolver.state(row.source)
        if source != dest:
            arcs[Arc(source, dest, move)] += 1
    standing = Counter[str]()
    for row in tx.rows(STANDING, **span):
        standing[state_of(table.kind, row.name)] += row.n
    model = DiscoveredModel(table.kind, arcs, standing)
    return LivedLifecycle(model, moves, _stays(table, rows), len(cases), len(cases - inferred), len(reopened))


def _stays(table: Lifecycle, rows: list[Any]) -> dict[str, SojournTime]:
    """Return how long the stays that have ended were, by state, in the order of the table."""
    lengths: dict[str, array[int]] = {}
    entered = dict[int, int]()
    for row in rows:
        if row.move == OPEN:
            entered[row.case_id] = row.occurred_at
        elif row.source != row.dest:
            stay = max(row.occurred_at - entered.get(row.case_id, row.occurred_at), 0)
            lengths.setdefault(table.resolver.state(row.source), array("q")).append(stay)
            entered[row.case_id] = row.occurred_at
    return {name: _sojourn(lengths[name]) for name in table.state if name in lengths}


def _sojourn(lengths: "array[int]") -> SojournTime:
    ranked = sorted(lengths)
    return SojournTime(len(ranked), int(median(ranked)), ranked[-(-len(ranked) * 9 // 10) - 1])
