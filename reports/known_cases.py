"""Tells of cases by their numbers which of them meet a condition: those of which somebody may know."""

from collections.abc import Iterable

from engine.access.condition import EVERY_CASE, Condition
from engine.transaction import Tx

AMONG = "SELECT c.number FROM cases c WHERE c.number = ANY(:numbers) AND ({scope})"


def known_among(tx: Tx, numbers: Iterable[str], scope: Condition) -> frozenset[str]:
    """Return those of the numbers whose cases exist and meet the condition."""
    if scope == EVERY_CASE:
        return frozenset(numbers)
    rows = tx.rows_among(AMONG.format(scope=scope.sql), numbers=sorted(set(numbers)), **scope.values)
    return frozenset(row.number for row in rows)
