"""Links between cases: which case came of which, and by what relation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.actors import SYSTEM
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

LINK = """
INSERT INTO link (parent_id, child_id, relation, at) VALUES (:parent_id, :child_id, :relation, :at)
ON CONFLICT DO NOTHING
"""
ID = "SELECT id FROM cases WHERE number = :number"
PARENTS = """
SELECT c.number, c.kind, c.state, c.closed, l.relation FROM link l JOIN cases c ON c.id = l.parent_id
 WHERE l.child_id = :id ORDER BY c.id
"""
CHILDREN = """
SELECT c.number, c.kind, c.state, c.closed, l.relation FROM link l JOIN cases c ON c.id = l.child_id
 WHERE l.parent_id = :id ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Relative:
    """A linked case, and the relation."""

    number: str
    kind: str
    state: str
    closed: bool
    relation: str


def link_in(tx: Tx, parent: str, child_id: int, relation: str, at: int, by: str = SYSTEM) -> None:
    """Link a case to the one it came of, once; ``by`` is a handle. Raises ``Refused('unknown_case')``."""
    parent_id = id_of(tx, parent)
    tx.run(LINK, parent_id=parent_id, child_id=child_id, relation=relation, at=at)
    journal_row(tx, "link", (parent_id, child_id, relation), by, at)


def link(store: Store, parent: str, child: str, relation: str, at: datetime) -> None:
    """Link two existing cases."""
    with store.writing() as tx:
        link_in(tx, parent, id_of(tx, child), relation, to_micros(at))


def id_of(tx: Tx, number: str) -> int:
    """Return the key of a case. Raises ``Refused('unknown_case')``."""
    row = tx.row(ID, number=number)
    if row is None:
        raise Refused("unknown_case", number=number)
    return row.id


def parents(tx: Tx, case_id: int) -> list[Relative]:
    """Return the cases that this one came of."""
    return [_relative(row) for row in tx.rows(PARENTS, id=case_id)]


def children(tx: Tx, case_id: int) -> list[Relative]:
    """Return the cases that came of this one."""
    return [_relative(row) for row in tx.rows(CHILDREN, id=case_id)]


def _relative(row: Any) -> Relative:
    state = lifecycle_of(row.kind).resolver.state(row.state)
    return Relative(row.number, row.kind, state, row.closed, row.relation)
