"""Writes the record of one case as files that ``deploy/verify.py`` checks on a machine without closeloop (B5, H2)."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.attachments.content_files import content_files
from engine.audit.proof import Proof
from engine.ledger.chain import canonical
from engine.store import Store
from engine.transaction import Tx

TABLES: Final[Mapping[str, str]] = {
    "cases": "SELECT id, number, version, head, state, cycle, level FROM cases WHERE id = :case_id",
    "transition": """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash
  FROM transition WHERE case_id = :case_id ORDER BY seq
""",
    "statement": """
SELECT case_id, seq, field, salt, content, erased_at FROM statement WHERE case_id = :case_id ORDER BY seq, field
""",
    "attachment": "SELECT id, salt, digest, erased_at FROM attachment WHERE case_id = :case_id ORDER BY id",
}
"""The rows of a case that its chain and the digests in it prove."""


def record_files(tx: Tx, case_id: int) -> dict[str, bytes]:
    """Return the rows of a case as CSV, by the name of the file; binary values in hex, an empty cell for no value."""
    found = {table: tx.rows(sql, case_id=case_id) for table, sql in TABLES.items()}
    return {f"tables/{table}.csv": _csv(rows) for table, rows in found.items() if rows or table != "attachment"}


def _csv(rows: Sequence[Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0]._fields if rows else ())
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else value


def contents_of(store: Store, tx: Tx, case_id: int) -> dict[str, bytes]:
    """Return the attached files of a case by id, without those that were erased or whose content is gone."""
    kept = content_files(store)
    rows = tx.rows(TABLES["attachment"], case_id=case_id)
    contents = ((row.id, kept.get(row.digest)) for row in rows if row.erased_at is None)
    return {id_: content for id_, content in contents if content is not None}


def proof_file(proof: Proof) -> bytes:
    """Return the signed line under which a case stands, and the path from its leaf to the root of that line."""
    place = {"leaf": proof.leaf, "index": proof.index, "count": proof.count, "path": proof.path}
    return canonical({"anchor": proof.anchor.text, **place}).encode()
