"""Compare the published anchors with their rows, the key, the leaves and what this home remembers."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from engine.ledger import leaves
from engine.ledger.anchor_file import Anchored, broken_line, read_lines
from engine.ledger.keyed_anchors import before_the_first, keyed_doubts
from engine.ledger.last_seen import rolled_back
from engine.ledger.signing import key_of, public_hex
from engine.store import Store
from engine.transaction import Tx

NAMES = tuple(field.name for field in fields(Anchored))
COLUMNS = ", ".join(NAMES)
ROWS = f"SELECT {COLUMNS}, published FROM anchor WHERE line IS NOT NULL ORDER BY line"
NO_LEAVES = frozenset({"anchor_file", "anchor_signature", "anchor_leaves"})
"""Findings after which the stored leaves cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Stand:
    """The published anchors, and what is wrong with them. ``top`` is the highest number of a line or a row."""

    lines: list[Anchored]
    doubts: list[str]
    top: int = 0

    @property
    def last(self) -> Anchored | None:
        return self.lines[-1] if self.lines else None

    @property
    def leaves_hold(self) -> bool:
        return self.last is not None and NO_LEAVES.isdisjoint(self.doubts)


def stand_of(tx: Tx, store: Store, place: Path) -> Stand:
    """Read the lines and rows of all anchors and compare them; the caller holds the lock of the folder."""
    rows = tx.rows(ROWS)
    top = max((row.line for row in rows), default=0)
    try:
        lines = read_lines(place)
    except (OSError, ValueError):
        return Stand([], ["anchor_file"], top)
    if not lines and not rows:
        return Stand([], _wiped(store, lines) or keyed_doubts(tx, store))
    codes = [broken_line(lines, before_the_first(store.home)), _key_doubt(store, lines), _row_doubt(lines, rows)]
    if lines:
        codes.append(leaves_doubt(place, lines[-1]))
        top = max(top, lines[-1].line)
    return Stand(lines, [what for what in codes if what is not None] or _wiped(store, lines), top)


def _wiped(store: Store, lines: list[Anchored]) -> list[str]:
    code = rolled_back(store.home, lines)
    return [code] if code is not None else []


def _key_doubt(store: Store, lines: list[Anchored]) -> str | None:
    """Compare the key of this home with the one that signed last; a home without a key can check but not sign."""
    key = key_of(store.home)
    return "anchor_key" if lines and key is not None and public_hex(key) != lines[-1].key else None


def _row_doubt(lines: list[Anchored], rows: list[Any]) -> str | None:
    """Compare rows and lines since the last re-anchoring: each published row is a line, each line has a row."""
    if rows == [line.published_row for line in lines]:
        return None
    since = max((line.line for line in lines if line.anew), default=0)
    outside = {line for line in lines if line.line >= since}
    is_published = {Anchored(*row[:-1]): row.published for row in rows if row.line >= since}
    numbers = {line.line for line, done in is_published.items() if done}
    if not numbers <= {line.line for line in outside}:
        return "anchor_file"
    if missing := is_published.keys() - outside:
        return "anchor_row" if any(is_published[line] for line in missing) else "anchor_unpublished"
    return "anchor_row" if outside - is_published.keys() else None


def leaves_doubt(place: Path, last: Anchored) -> str | None:
    """Return the code of a fault if the stored leaves do not lead to the root of that line."""
    try:
        return None if leaves.root_of(place, last.line) == last.root else "anchor_leaves"
    except (OSError, ValueError):
        return "anchor_leaves"
