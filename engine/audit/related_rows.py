"""Read the rows that belong to some cases, by one query per table, for their verification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.attachments.attachment_check import ATTACHMENTS
from engine.audit.escalation_check import STEPS, TIMERS
from engine.audit.journal_check import newest_digests
from engine.ledger.journal import canonical_key
from engine.transaction import Tx

HISTORY = """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash FROM transition WHERE case_id IN ({ids}) ORDER BY case_id, seq
"""
STATEMENTS = """
SELECT case_id, seq, field, salt, content, erased_at, erasure_reason FROM statement WHERE case_id IN ({ids})
"""


@dataclass(frozen=True, slots=True)
class Related:
    """The rows that belong to some cases, by case id."""

    history: dict[int, list[Any]]
    statements: dict[int, list[Any]]
    steps: dict[int, list[Any]]
    timers: dict[int, list[Any]]
    attachments: dict[int, list[Any]]
    erasures: Mapping[str, str]
    """The digests of the journal's newest entries for the texts that were erased, by their keys."""

    @classmethod
    def read(cls, tx: Tx, ids: list[int]) -> "Related":
        """Read them by one query per table."""
        rows = [_by_case(tx, sql, ids) for sql in (HISTORY, STATEMENTS, STEPS, TIMERS, ATTACHMENTS)]
        erased = [row for of_case in rows[1].values() for row in of_case if row.erased_at is not None]
        keys = [key for row in erased if (key := erasure_key(row)) is not None]
        return cls(*rows, erasures=newest_digests(tx, "erasure", keys))

    def rows_of(self, case_id: int) -> tuple[list[Any], ...] | None:
        """Return the rows of one case from which its verdict follows; None if files or the journal decide, too."""
        if self.attachments[case_id] or any(row.erased_at is not None for row in self.statements[case_id]):
            return None
        return tuple(rows[case_id] for rows in (self.history, self.statements, self.steps, self.timers))


def erasure_key(row: Any) -> str | None:
    """Return under which key the journal holds that a text was erased, or None for a value that no key holds."""
    try:
        return canonical_key((row.case_id, row.seq, row.field))
    except (TypeError, ValueError):
        return None


def _by_case(tx: Tx, sql: str, ids: list[int]) -> dict[int, list[Any]]:
    by_case: dict[int, list[Any]] = {case_id: [] for case_id in ids}
    for row in tx.rows(sql.format(ids=", ".join(map(str, ids)))):
        by_case[row.case_id].append(row)
    return by_case
