"""Reads what became of an arrival of another system: it waits, became a case, or was refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.transaction import Tx
from models.columns import from_micros

ARRIVAL = """
SELECT a.at, a.processed_at, a.refusal, c.number FROM arrival a LEFT JOIN cases c ON c.id = a.case_id
 WHERE a.source = :source AND a.row_id = :row_id AND a.part = 'contact'
"""


@dataclass(frozen=True, slots=True)
class ArrivalStatus:
    """What became of an arrival; ``refusal`` is the code of why it became no case."""

    at: datetime
    processed_at: datetime | None
    number: str | None
    refusal: str | None


def arrival_status(tx: Tx, source: str, row_id: str) -> ArrivalStatus | None:
    """Return what became of the contact of a row; None if it never arrived."""
    row: Any = tx.row(ARRIVAL, source=source, row_id=row_id)
    if row is None:
        return None
    processed_at = None if row.processed_at is None else from_micros(row.processed_at)
    return ArrivalStatus(from_micros(row.at), processed_at, row.number, row.refusal)
