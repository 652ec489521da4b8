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


VERSIONS = "SELECT number, version FROM cases WHERE number = ANY(:numbers)"


def versions_among(tx: Tx, numbers: Iterable[str]) -> dict[str, int]:
    """Return the number of the last step of each case; it says nothing of what a case is about."""
    return {row.number: row.version for row in tx.rows_among(VERSIONS, numbers=sorted(set(numbers)))}


LAST_NEWS = """
SELECT max(rowid) AS move, (SELECT count(*) || ' ' || coalesce(max(since), 0) FROM hold) AS holds FROM transition
"""


def news_mark(tx: Tx) -> tuple[int | None, str] | None:
    """Return what is another value after a move, a hold or a release; None on Postgres, which notifies of just these.

    A SQLite file tells that anything was committed: the log of a reading, a session, the lease of a driver.
    """
    if tx.postgres:
        return None
    row = tx.row(LAST_NEWS)
    return row.move, row.holds
