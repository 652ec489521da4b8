"""Erase what reviewers and scored people wrote about the contacts of a case; marks and scores stay (H1)."""

from engine.ledger.journal import journal_row
from engine.transaction import Tx

SHEETS = """
UPDATE conduct_sheet SET reason = NULL, objection = NULL, answer = NULL, salt = NULL, erased_at = :at
 WHERE erased_at IS NULL AND EXISTS (SELECT 1 FROM conduct_sample s WHERE s.draw_id = conduct_sheet.draw_id
   AND s.position = conduct_sheet.position AND s.case_id = :case_id)
RETURNING id
"""
MARKS = """
UPDATE conduct_mark SET note = NULL, salt = NULL WHERE note IS NOT NULL AND sheet_id = ANY(:sheets)
RETURNING sheet_id, item
"""


def erase_conduct_in(tx: Tx, case_id: int, by: str, at: int) -> None:
    """Erase the notes, reasons, objections and answers about the contacts of a case; the journal says who did."""
    sheets = [row.id for row in tx.rows(SHEETS, case_id=case_id, at=at)]
    for sheet_id in sheets:
        journal_row(tx, "conduct_sheet", (sheet_id,), by, at)
    for row in tx.rows_among(MARKS, sheets=sheets) if sheets else ():
        journal_row(tx, "conduct_mark", (row.sheet_id, row.item), by, at)
