"""Records each version of a lifecycle before the first transition that carries it, and reads them back."""

from typing import Any

from engine.transaction import Tx
from statemachines.lifecycle import Lifecycle
from statemachines.lifecycle_record import RecordedLifecycle, read_document
from statemachines.lifecycle_table import version_of

RECORDED = "SELECT 1 AS one FROM lifecycle_version WHERE kind = :kind AND version = :version"
RECORD = """
INSERT INTO lifecycle_version (kind, version, recorded_at, document) VALUES (:kind, :version, :at, :document)
ON CONFLICT DO NOTHING
"""
ALL = "SELECT kind, version, recorded_at, document FROM lifecycle_version ORDER BY recorded_at, kind, version"

Versions = dict[tuple[str, str], RecordedLifecycle]
"""Recorded lifecycles by kind and version."""


def record_version(tx: Tx, table: Lifecycle, at: int) -> None:
    """Record the version of ``table`` unless the store has it. A store that is open is asked once for each version.

    What this transaction wrote may still be undone, so only a row that was found, and not written here, is remembered.
    """
    version = (table.kind, table.version)
    if version in tx.kept.lifecycle_versions:
        return
    if tx.row(RECORDED, kind=table.kind, version=table.version) is None:
        tx.run(RECORD, kind=table.kind, version=table.version, at=at, document=table.document)
        tx.cache.written_versions.add(version)
    elif version not in tx.cache.written_versions:
        tx.kept.lifecycle_versions.add(version)


def recorded_versions(tx: Tx) -> Versions:
    """Return every recorded version that can be read."""
    versions: Versions = {}
    for row in tx.rows(ALL):
        if (lifecycle := _read(row)) is not None:
            versions[row.kind, row.version] = lifecycle
    return versions


def altered_versions(tx: Tx) -> list[str]:
    """Return the versions, as ``kind version``, whose document is not the one that the version was made from."""
    return [f"{ascii(row.kind)[1:-1]} {ascii(row.version)[1:-1]}" for row in tx.rows(ALL) if not _vouches(row)]


def _vouches(row: Any) -> bool:
    try:
        return version_of(row.document) == row.version
    except (ValueError, AttributeError, TypeError):  # no text, or one that is no UTF-8
        return False


def _read(row: Any) -> RecordedLifecycle | None:
    try:
        return read_document(row.document)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
