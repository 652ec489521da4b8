"""The decisions that cases wait for, as a principal sees them: the facts, and which of them he may make himself (F3).

A decision is a move that only deciders make, from states that only deciders own: to approve, to decline, to rule on the
owner, to review a refusal. The table says who may not make it because he made the step that it judges.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from apps.case_history import HistoryMove
from apps.principal_reports import refuse_others
from apps.principal_views import history_seen, moves_seen
from engine.access.moves import OfferedMove
from engine.access.principal import Principal
from engine.ledger.record import CaseRow
from engine.store import Store
from flows.deployments.operator_forms import DECIDERS
from reports.case_parts import Sort
from reports.case_search import CaseQuery, search
from reports.current_names import state_of
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused
from statemachines.roles import Role

DECIDES: Final = DECIDERS
MOST: Final = 50
"""How many cases are listed, those first that are due first."""


@dataclass(frozen=True, slots=True)
class WaitingDecision:
    """A case that waits for a decision, and the decisions that the table offers to the principal."""

    case: CaseRow
    moves: list[OfferedMove]


@dataclass(frozen=True, slots=True)
class SeenDecision:
    """A case with the facts for a decision: what the customer said, what was proposed and by whom, what is known."""

    case: CaseRow
    moves: list[OfferedMove]
    opening: HistoryMove
    proposal: HistoryMove | None
    variables: Mapping[str, Any]

    def offered(self, name: str) -> OfferedMove:
        """Return one of the decisions. Raises ``Refused('not_now')``."""
        for move in self.moves:
            if move.name == name:
                return move
        allowed = [move.name for move in self.moves]
        raise Refused("not_now", kind=self.case.kind, move=name[:40], state=self.case.state, allowed=allowed)


@cache
def decision_moves(kind: str) -> frozenset[str]:
    """Return the moves of a kind that are decisions."""
    table = lifecycle_of(kind)
    decided = {name for name, state in table.state.items() if state.owner in DECIDERS}
    return frozenset(name for name in table.rows if _decides(table, name, decided))


def _decides(table: Lifecycle, name: str, decided: set[str]) -> bool:
    rows = table.rows[name]
    sources = {source for row in rows for source in row.sources}
    return sources <= decided and all(set(row.roles) <= DECIDERS for row in rows)


def states_to_decide(roles: frozenset[Role]) -> dict[str, list[str]]:
    """Return the states in which the roles have a decision to make, by kind."""
    found = dict[str, list[str]]()
    for kind, table in sorted(lifecycles().items()):
        rows = [row for name in decision_moves(kind) for row in table.rows[name] if roles & set(row.roles)]
        if rows:
            found[kind] = sorted({source for row in rows for source in row.sources})
    return found


def decisions_seen(store: Store, principal: Principal, at: datetime) -> list[WaitingDecision]:
    """Return the cases that wait for a decision of the principal's roles, those first that are due first.

    Raises ``Refused('not_in_charge')`` for whoever decides nothing.
    """
    refuse_others(principal, DECIDES)
    states = states_to_decide(principal.actor.roles)
    if not states:
        return []
    names = {name for some in states.values() for name in some}
    query = CaseQuery(kinds=tuple(states), states=tuple(sorted(names)), sort=Sort.DUE, limit=MOST)
    with store.looking() as tx:
        cases = search(tx, principal, query, at).cases
    waiting = [case for case in cases if state_of(case.kind, case.state) in states[case.kind]]
    found = ((case, _decisions(store, principal, case.number, at)[1]) for case in waiting)
    return [WaitingDecision(case, moves) for case, moves in found if moves]


def decision_seen(store: Store, principal: Principal, number: str, at: datetime) -> SeenDecision:
    """Return a case with the facts and the decisions that it waits for; their texts as the principal sees them.

    Raises ``Refused('unknown_case' | 'not_in_charge')``.
    """
    refuse_others(principal, DECIDES)
    case, moves = _decisions(store, principal, number, at)
    steps = history_seen(store, principal, number, at).moves
    proposal = next((move for move in reversed(steps[1:]) if move.dest == case.state != move.source), None)
    return SeenDecision(case, moves, steps[0], proposal, json.loads(case.variables))


def _decisions(store: Store, principal: Principal, number: str, at: datetime) -> tuple[CaseRow, list[OfferedMove]]:
    case, offered = moves_seen(store, principal, number, at)
    return case, [move for move in offered if move.name in decision_moves(case.kind)]
