"""Check anchors of the first releases, which were keyed with the store's secret instead of signed."""

import json
from pathlib import Path
from typing import Any

from engine.ledger.anchor_file import hash_of
from engine.ledger.chain import GENESIS, keyed
from engine.ledger.merkle import Tree
from engine.store import Store
from engine.transaction import Tx

HEADS = """
SELECT c.number, t.seq, t.hash FROM transition t JOIN cases c ON c.id = t.case_id
  JOIN (SELECT case_id, max(seq) AS seq FROM transition WHERE recorded_at < :cut GROUP BY case_id) h
    ON h.case_id = t.case_id AND h.seq = t.seq ORDER BY c.id
"""
LAST = "SELECT root FROM anchor WHERE line IS NULL ORDER BY id DESC LIMIT 1"


def keyed_file(home: Path) -> Path:
    """Return the file to which they were published; nothing is appended to it any more."""
    return home / "anchors.jsonl"


def before_the_first(home: Path) -> str:
    """Return the hash that the first signed line names as its predecessor: that of the last keyed one, if any."""
    lines = _lines(home)
    return hash_of(lines[-1]) if lines else GENESIS


def keyed_doubts(tx: Tx, store: Store) -> list[str]:
    """Return the codes of what does not agree between the last keyed root, its row and the chains now.

    A store without any anchor is doubted: ``init`` makes the first one.
    """
    row = tx.row(LAST)
    lines = _lines(store.home)
    if not lines:
        return ["anchor_none"] if row is None else ["anchor_file"]
    try:
        record = json.loads(lines[-1])
        at, cases, root, signature = record["at"], record["cases"], record["root"], record["signature"]
    except (ValueError, KeyError, TypeError):
        return ["anchor_file"]
    if signature != keyed(store.secret, "anchor", str(at), str(cases), str(root)):
        return ["anchor_signature"]
    codes = [] if _root(tx, at) == root else ["anchor_root"]
    return codes if row is not None and row.root == root else [*codes, "anchor_row"]


def _root(tx: Tx, cut: Any) -> str:
    return Tree(f"{row.number}:{row.seq}:{row.hash}".encode() for row in tx.rows(HEADS, cut=cut)).root().hex()


def _lines(home: Path) -> list[str]:
    file = keyed_file(home)
    return file.read_text("utf-8").splitlines() if file.exists() else []
