"""Compares the attachments with the record: rows that the moves name, and contents with their digests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from engine.attachments.content_files import ContentFiles, salted_digest
from engine.commands.complete_form import digests_in
from statemachines.refused import Refused

ATTACHMENTS = "SELECT id, case_id, salt, digest, thumbnail, size, erased_at FROM attachment WHERE case_id IN ({ids})"


def attachment_faults(
    contents: ContentFiles, history: Sequence[Mapping[str, Any]], rows: Sequence[Any]
) -> Iterator[tuple[int, str]]:
    """Yield, by the move that names the file, attachments without their row, and contents that are not their own.

    The rest of a row is in the journal. An erased file has only its row.
    """
    by_id, named = {row.id: row for row in rows}, dict[str, int]()
    for move in history:
        for name, digest in _named_by(move).items():
            named.setdefault(name, move["seq"])
            if name not in by_id:
                yield move["seq"], "attachment_row_missing"
            elif by_id[name].digest != digest:
                yield move["seq"], "attachment_row_altered"
    for row in rows:
        if row.erased_at is None and (what := _content_fault(contents, row)):
            yield named.get(row.id, 0), what


def _named_by(move: Mapping[str, Any]) -> dict[str, str]:
    if '"attachments":' not in move["form"]:
        return {}
    value = orjson.loads(move["form"]).get("attachments")
    return digests_in(value) if isinstance(value, str) else {}


def _content_fault(contents: ContentFiles, row: Any) -> str | None:
    """Return what is wrong with the contents of a row: missing, altered, or not to be read now."""
    if not isinstance(row.salt, bytes):
        return "attachment_altered"
    for digest in filter(None, (row.digest, row.thumbnail)):
        try:
            content = contents.get(digest)
        except Refused:
            return "attachment_unreadable"
        if content is None:
            return "attachment_missing"
        if salted_digest(row.salt, content) != digest:
            return "attachment_altered"
    return None
