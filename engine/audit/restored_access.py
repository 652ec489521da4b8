"""End what a restored backup would let in again: sessions, invitations, one-time codes and API tokens.

Since the backup was made a session may have ended and a token may have been revoked, and nothing in the backup says so.
"""

from engine.ledger.journal import journal_row
from engine.transaction import Tx

END_SESSIONS = "DELETE FROM login_session"
END_CODES = "DELETE FROM one_time_code"
OPEN_INVITATIONS = "SELECT id FROM invitation WHERE used_at IS NULL ORDER BY id"
END_INVITATION = "DELETE FROM invitation WHERE id = :id"
OPEN_ACCESS_CODES = "SELECT id FROM access_code WHERE used_at IS NULL AND until > :at ORDER BY id"
END_ACCESS_CODE = "UPDATE access_code SET until = :at WHERE id = :id"
LIVE_TOKENS = "SELECT id FROM api_token WHERE revoked_at IS NULL AND until > :at ORDER BY id"
REVOKE = "UPDATE api_token SET revoked_at = :at WHERE id = :id"


def end_access(tx: Tx, by: str, at: int, *, keep_tokens: bool) -> int:
    """End all sessions, codes and open invitations and, unless they are kept, all tokens; return how many tokens.

    ``by`` stands in the journal.
    """
    tx.run(END_SESSIONS)
    tx.run(END_CODES)
    for row in tx.rows(OPEN_INVITATIONS):
        tx.run(END_INVITATION, id=row.id)
        journal_row(tx, "invitation", (row.id,), by, at)
    for row in tx.rows(OPEN_ACCESS_CODES, at=at):
        tx.run(END_ACCESS_CODE, id=row.id, at=at)
        journal_row(tx, "access_code", (row.id,), by, at)
    tokens = [] if keep_tokens else tx.rows(LIVE_TOKENS, at=at)
    for row in tokens:
        tx.run(REVOKE, id=row.id, at=at)
        journal_row(tx, "api_token", (row.id,), by, at)
    return len(tokens)
