"""Removes what uploads left that no move names: rows after two days, and contents without a row."""

from datetime import datetime

from engine.actors import SYSTEM
from engine.attachments.content_files import content_files
from engine.attachments.upload import COLUMNS, remove_unnamed
from engine.commands.complete_form import VALID_FOR
from engine.store import Store
from models.columns import to_micros

WAITING = f"SELECT {COLUMNS}, erased_at FROM attachment WHERE uploaded_at < :before AND erased_at IS NULL ORDER BY id"
KEPT = "SELECT digest, thumbnail FROM attachment WHERE erased_at IS NULL"
ERASED = "SELECT digest FROM attachment WHERE erased_at IS NOT NULL"


def remove_orphans(store: Store, at: datetime, now: datetime) -> int:
    """Remove what nothing names, by the store's time ``at`` and the machine's ``now``; return how many there were.

    A row that no move may name any more, because it is older than ``VALID_FOR``, waits as long again: no transaction
    takes so long. A content is left alone for as long as the upload that wrote it may still enter its row.
    """
    before = to_micros(at - 2 * VALID_FOR)
    removed = remove_unnamed(store, lambda tx: tx.rows(WAITING, before=before), SYSTEM, at)
    with store.looking() as tx:
        kept = {digest for row in tx.rows(KEPT) for digest in (row.digest, row.thumbnail)}
        erased = {row.digest for row in tx.rows(ERASED)}
    contents = content_files(store)
    for digest, written_at in list(contents.kept()):
        if digest in erased or (digest not in kept and now - written_at > VALID_FOR):
            contents.remove(digest)
            removed += 1
    return removed
