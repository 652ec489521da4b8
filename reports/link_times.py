"""When a case was linked to each of its relatives."""

from datetime import datetime

from engine.transaction import Tx
from models.columns import from_micros

LINKED = """
SELECT c.number, l.relation, l.at FROM link l JOIN cases c ON c.id = l.child_id WHERE l.parent_id = :id
UNION SELECT c.number, l.relation, l.at FROM link l JOIN cases c ON c.id = l.parent_id WHERE l.child_id = :id
"""


def linked_at(tx: Tx, case_id: int) -> dict[tuple[str, str], datetime]:
    """Return the instant of each link, by the number of the other case and the relation."""
    return {(row.number, row.relation): from_micros(row.at) for row in tx.rows(LINKED, id=case_id)}
