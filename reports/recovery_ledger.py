"""Reads the ledger of recoveries: what was claimed back, what came in, what was written off (B4)."""

import json
from dataclasses import dataclass
from typing import Any

from engine.store import Store
from statemachines.kinds import lifecycle_of
from statemachines.recovery import RECOVERY

RECOVERS = "recovery"
"""The relation of a complaint to what is claimed back because of it."""

LEDGER = """
SELECT c.number, p.number AS complaint, c.state, c.variables FROM cases c
  LEFT JOIN link l ON l.child_id = c.id AND l.relation = :relation LEFT JOIN cases p ON p.id = l.parent_id
 WHERE c.kind = :kind ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One claim: its number, the complaint it came of if any, the amounts in fen, and where it stands."""

    number: str
    complaint: str | None
    claimed: int
    recovered: int
    written_off: int
    state: str

    @property
    def outstanding(self) -> int:
        """What may still come in, in fen."""
        return self.claimed - self.recovered - self.written_off


def ledger(store: Store) -> list[Entry]:
    """Every recovery, the oldest first."""
    with store.looking() as tx:
        rows = tx.rows(LEDGER, kind=RECOVERY.kind, relation=RECOVERS)
    resolver = lifecycle_of(RECOVERY.kind).resolver
    return [
        _entry(row.number, row.complaint, resolver.state(row.state), resolver.variables(json.loads(row.variables)))
        for row in rows
    ]


def _entry(number: str, complaint: str | None, state: str, known: dict[str, Any]) -> Entry:
    amounts = {name: known.get(name, 0) for name in ("claimed", "recovered", "written_off")}
    return Entry(number, complaint, **amounts, state=state)
