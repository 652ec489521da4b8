"""The published editions of packs, calendars and questionnaires, and whether open timers were brought under them."""

from dataclasses import dataclass

from engine.actors import SYSTEM
from engine.ledger.journal import journal_row
from engine.transaction import Tx

EDITIONS = """
SELECT e.id, e.sort, e.name, e.version, e.content, e.effective_from, e.published_at, a.handle AS published_by,
       e.reason, e.projected_at
  FROM edition e JOIN actor a ON a.id = e.published_by
"""
OF_NAME = " WHERE e.sort = :sort AND e.name = :name ORDER BY e.effective_from, e.id"
# An edition is in force if no newer edition of its name has taken effect.
UNPROJECTED = """
 WHERE e.projected_at IS NULL AND e.effective_from <= :at AND NOT EXISTS (
       SELECT 1 FROM edition n WHERE n.sort = e.sort AND n.name = e.name AND n.effective_from <= :at
          AND (n.effective_from > e.effective_from OR (n.effective_from = e.effective_from AND n.id > e.id)))
 ORDER BY e.effective_from, e.id
"""
# An edition that was superseded before it was projected counts as projected, too.
PROJECTED = """
UPDATE edition SET projected_at = :at WHERE projected_at IS NULL AND effective_from <= :at AND id <= :newest
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class EditionRow:
    """A row of ``edition``, instants in microseconds. ``projected_at``: when the open timers were brought under it."""

    id: int
    sort: str
    name: str
    version: str
    content: str
    effective_from: int
    published_at: int
    published_by: str
    reason: str
    projected_at: int | None


def editions(tx: Tx, sort: str, name: str) -> list[EditionRow]:
    """Return the editions of a pack, a calendar or a questionnaire, in the order in which they take effect."""
    return [EditionRow(*row) for row in tx.rows(EDITIONS + OF_NAME, sort=sort, name=name)]


def unprojected(tx: Tx, at: int) -> list[EditionRow]:
    """Return the editions in force at an instant under which open timers have not been brought yet."""
    return [EditionRow(*row) for row in tx.rows(EDITIONS + UNPROJECTED, at=at)]


def mark_projected(tx: Tx, at: int, newest: int) -> None:
    """Record that open timers were brought under every edition in effect, up to ``newest``."""
    for row in tx.rows(PROJECTED, at=at, newest=newest):
        journal_row(tx, "edition", (row.id,), SYSTEM, at)
