"""Anchors the chain heads: a signed Merkle root over all of them, kept in a row and outside the database."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.ledger.chain import canonical, keyed
from engine.store import Store, Tx
from models.columns import from_micros, to_micros

SETTLED = timedelta(minutes=1)
"""Only what was recorded this long before is anchored: by then every writer of that time has committed."""

CRASHED = frozenset({"anchor_row", "anchor_unpublished"})
"""Doubts that a crash between an anchor's commit and its publishing leaves; the next anchor ends them."""

HEADS = """
SELECT c.number, t.seq, t.hash FROM transition t JOIN cases c ON c.id = t.case_id
  JOIN (SELECT case_id, max(seq) AS seq FROM transition WHERE recorded_at < :cut GROUP BY case_id) h
    ON h.case_id = t.case_id AND h.seq = t.seq ORDER BY c.id
"""
LAST = "SELECT at, cases, root, signature FROM anchor ORDER BY id DESC LIMIT 1"
KEEP = "INSERT INTO anchor (at, cases, root, signature) VALUES (:at, :cases, :root, :signature)"


@dataclass(frozen=True, slots=True)
class Anchored:
    """A root over the heads as they stood at ``at`` (microseconds), and who vouches for it."""

    at: int
    cases: int
    root: str
    signature: str


def merkle(leaves: list[bytes]) -> bytes:
    """The root of a Merkle tree in the shape of RFC 6962: leaves and nodes are hashed apart."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + merkle(leaves[:split]) + merkle(leaves[split:])).digest()


def anchor(store: Store, now: datetime) -> Anchored | None:
    """Anchor the heads and publish the root; None if nothing has changed since the last anchor.

    Nothing is anchored over a doubt either: it must stay to be seen until a person has looked into it.
    """
    with store.writing() as tx:
        if not CRASHED.issuperset(doubts(tx, store)):
            return None
        made = _root(tx, store.secret, to_micros(now - SETTLED))
        last = tx.row(LAST)
        known = Anchored(*last) if last is not None and last.root == made.root else None
        if known is None:
            tx.run(KEEP, **asdict(made))
    if _last_published(published(store)) != (known or made):  # also after a crash between commit and this line
        _publish(published(store), known or made)
    return made if known is None else None


def _root(tx: Tx, secret: bytes, cut: int) -> Anchored:
    leaves = [f"{row.number}:{row.seq}:{row.hash}".encode() for row in tx.rows(HEADS, cut=cut)]
    root = merkle(leaves).hex()
    return Anchored(cut, len(leaves), root, _signature(secret, cut, len(leaves), root))


def _signature(secret: bytes, at: int, cases: int, root: str) -> str:
    return keyed(secret, "anchor", str(at), str(cases), root)


def published(store: Store) -> Path:
    """The file outside the database to which every root is appended."""
    return store.home / "anchors.jsonl"


def _publish(path: Path, made: Anchored) -> None:
    told = asdict(made) | {"when": from_micros(made.at).isoformat()}
    with path.open("a", encoding="utf-8") as lines:
        lines.write(canonical(told) + "\n")


def doubts(tx: Tx, store: Store) -> list[str]:
    """What does not agree between the last published root, its row, and the chains as they are now."""
    row = tx.row(LAST)
    try:
        outside = _last_published(published(store))
    except (ValueError, KeyError, IndexError, TypeError):  # whatever reading an edited file may raise
        return ["anchor_file"]
    if outside is None:
        return [] if row is None else ["anchor_unpublished"]
    if outside.signature != _signature(store.secret, outside.at, outside.cases, outside.root):
        return ["anchor_signature"]
    again = _root(tx, store.secret, outside.at)
    found = [] if again.root == outside.root else ["anchor_root"]
    return found if row is not None and row.root == outside.root else [*found, "anchor_row"]


def _last_published(path: Path) -> Anchored | None:
    if not path.exists():
        return None
    last = path.read_text("utf-8").splitlines()[-1]
    told = json.loads(last)
    return Anchored(told["at"], told["cases"], told["root"], told["signature"])
