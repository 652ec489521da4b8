"""Record how the evaluation group interprets a clause of a pack (F4)."""

from dataclasses import dataclass
from datetime import datetime

from engine.entry_checks import check_text
from engine.ledger.journal import journal_row
from engine.rules.in_force import rules_in
from engine.rules.policy import Pack
from engine.rules.publishing import entitled
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.refused import Refused

ADD = """
INSERT INTO interpretation (pack, clause, content, recorded_at, recorded_by)
VALUES (:pack, :clause, :content, :at, :by) RETURNING id
"""
OF_PACK = """
SELECT i.pack, i.clause, i.content, i.recorded_at, a.handle
  FROM interpretation i JOIN actor a ON a.id = i.recorded_by WHERE i.pack = :pack ORDER BY i.id
"""


@dataclass(frozen=True, slots=True)
class InterpretationRow:
    """An interpretation of a clause, by whom, and when (microseconds). A later one of the clause replaces it."""

    pack: str
    clause: str
    content: str
    recorded_at: int
    recorded_by: str


def interpret(store: Store, pack: str, clause: str, content: str, by: str, at: datetime) -> InterpretationRow:
    """Record an interpretation of a clause, a bound or an indicator of the pack in force.

    What the newest interpretation of the clause says already is not recorded again; that one is returned.
    Raises ``Refused('unknown_actor' | 'not_evaluation_group' | 'unknown_pack' | 'unknown_clause' | 'no_text')``.
    """
    check_text("text", content)
    now, text = to_micros(at), content.strip()
    with store.writing() as tx:
        actor = entitled(tx, by, at)
        pack_in_force = rules_in(tx).pack(pack, now)
        known = interpretable(pack_in_force)
        if clause not in known:
            raise Refused("unknown_clause", pack=pack, name=clause, known=known)
        if not text:
            raise Refused("no_text")
        if (newest := _newest(tx, pack, clause)) is not None and newest.content == text:
            return newest
        row = tx.row(ADD, pack=pack, clause=clause, content=text, at=now, by=actor.id)
        journal_row(tx, "interpretation", (row.id,), by, now)
    return InterpretationRow(pack, clause, text, now, by)


def interpretable(pack: Pack) -> list[str]:
    """Return what of a pack can be interpreted: its clauses, bounds and indicators."""
    return [*pack.clauses, *pack.unpromised, *pack.bounds, *pack.indicators]


def _newest(tx: Tx, pack: str, clause: str) -> InterpretationRow | None:
    return next((row for row in reversed(interpretations(tx, pack)) if row.clause == clause), None)


def interpretations(tx: Tx, pack: str) -> list[InterpretationRow]:
    """Return the interpretations of a pack, oldest first."""
    return [InterpretationRow(*row) for row in tx.rows(OF_PACK, pack=pack)]
