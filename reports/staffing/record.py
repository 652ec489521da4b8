"""Read the latest cases of a store with their moves, and who made each: a person of which department (K3)."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from engine.access.condition import EVERY_CASE, Condition
from engine.actors import roles_of
from engine.commands.case_context import BY_TIMER
from engine.transaction import Tx
from reports.staffing.lives import CaseStart, Move
from reports.whatif.record import under_current_names
from statemachines.kinds import lifecycle_of
from statemachines.roles import Role

BATCH: Final = 500
MOST_CASES: Final = 4_000
"""How many cases a history has at most: the latest; more would take longer than anybody waits."""
HOUSE: Final = "*"
"""The desk of people who have no department."""
NOT_STAFF: Final = frozenset({Role.SYSTEM, Role.IMPORT, Role.CUSTOMER})
CASES = """
SELECT c.id, c.number, c.kind, c.pack, c.channel, c.opened_at FROM cases c
 WHERE c.opened_at <= :until AND ({scope}){kind}{pack} ORDER BY c.opened_at DESC, c.id DESC LIMIT :most
"""
OF_KIND, OF_PACK = " AND c.kind = :kind", " AND c.pack = :pack"
MOVES = """
SELECT case_id, seq, move, source, dest, cycle, via, occurred_at, lifecycle, form, actor_id FROM transition
 WHERE case_id = ANY(:ids) ORDER BY case_id, seq
"""
ACTORS = "SELECT id, roles, department FROM actor"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which cases make the history: of a kind, of a pack, within what somebody may read."""

    kind: str | None = None
    pack: str | None = None
    scope: Condition = EVERY_CASE


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case and all its moves, those of timers included."""

    case: CaseStart
    moves: list[Move]


def read_history(tx: Tx, chosen: Chosen, until: int) -> list[PastCase]:
    """Return the latest cases that were opened up to an instant, at most ``MOST_CASES``, in order of opening."""
    values: dict[str, Any] = {"until": until, "most": MOST_CASES, **chosen.scope.values}
    values |= {name: value for name, value in (("kind", chosen.kind), ("pack", chosen.pack)) if value is not None}
    sql = CASES.format(
        scope=chosen.scope.sql,
        kind="" if chosen.kind is None else OF_KIND,
        pack="" if chosen.pack is None else OF_PACK,
    )
    starts = [CaseStart(*row) for row in reversed(tx.rows(sql, **values))]
    staff = {row.id: _staff(row) for row in tx.rows(ACTORS)}
    past: list[PastCase] = []
    for begin in range(0, len(starts), BATCH):
        batch = starts[begin : begin + BATCH]
        moves: defaultdict[int, list[Move]] = defaultdict(list)
        for row in tx.rows_among(MOVES, ids=[start.id for start in batch]):
            moves[row.case_id].append(Move(**row._asdict(), person=staff[row.actor_id][0], desk=staff[row.actor_id][1]))
        past += (PastCase(start, _current(start.kind, moves[start.id])) for start in batch)
    return past


def _staff(row: Any) -> tuple[bool, str]:
    return not roles_of(row.roles) & NOT_STAFF, row.department or HOUSE


def _current(kind: str, moves: list[Move]) -> list[Move]:
    table = lifecycle_of(kind)
    return [under_current_names(table, move) for move in moves]


def needs_staff(kind: str, move: Move) -> bool:
    """Return whether a person of the staff worked for the move; an answer of the customer is waited for."""
    state = lifecycle_of(kind).state.get(move.source)
    asked = state is not None and state.owner == Role.CUSTOMER
    return move.person and move.via != BY_TIMER and not asked
