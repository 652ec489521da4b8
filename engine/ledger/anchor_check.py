"""Compare anchored chain heads with the chains now: a head may only have advanced."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from engine.ledger.journal import HEAD as JOURNAL_HEAD
from engine.ledger.journal import JOURNAL_LEAF
from engine.ledger.leaves import Leaf
from engine.transaction import Tx

CHUNK = 1000
LEAST = -(2**63)
"""Less than every key."""

# A head that differs from its own transition is not anchored; ``verify`` reports it.
HEADS = """
SELECT c.id, c.number, c.version, c.head, t.hash FROM cases c
  LEFT JOIN transition t ON t.case_id = c.id AND t.seq = c.version
 WHERE c.id > :after ORDER BY c.id LIMIT :chunk
"""
ENTRY = "SELECT hash FROM journal WHERE seq = :seq"
# One condition for each partial index on ``changed_at``.
CHANGED = """
SELECT 1 AS one FROM cases WHERE NOT closed AND changed_at >= :since
UNION ALL SELECT 1 FROM cases WHERE closed AND changed_at >= :since LIMIT 1
"""
STEPS = "SELECT case_id, seq, hash, recorded_at FROM transition WHERE case_id = ANY(:ids)"


@dataclass(frozen=True, slots=True)
class AnchorDoubt:
    """A finding: case number and sequence number (empty and 0 for the anchors themselves), and its code."""

    number: str
    seq: int
    what: str


@dataclass(slots=True)
class AnchorCheck:
    """One pass over all cases in constant memory, which collects ``doubts``.

    ``settled`` is the instant (microseconds) before which nothing may be recorded that the anchor does not cover.
    """

    tx: Tx
    settled: int
    doubts: list[AnchorDoubt] = field(default_factory=list[AnchorDoubt])
    journal_leaves: int = 0
    """How many of the heads that were yielded are no case's: 1, or 0 for a store without a journal."""

    def heads(self, anchored: Iterable[Leaf]) -> Iterator[Leaf]:
        """Yield the heads of the journal and of every case in the order of ids; a doubtful one as it was anchored."""
        waiting = iter(anchored)
        leaf, after = next(waiting, None), LEAST
        if leaf is not None and leaf.number == JOURNAL_LEAF:
            self.journal_leaves = 1
            yield self._journal_head(leaf)
            leaf = next(waiting, None)
        elif (head := self.tx.row(JOURNAL_HEAD)) is not None:
            self.journal_leaves = 1
            yield Leaf(JOURNAL_LEAF, head.seq, head.hash)
        while rows := self.tx.rows(HEADS, after=after, chunk=CHUNK):
            mine: dict[int, Leaf] = {}
            while leaf is not None and (case_id := leaf.id) <= rows[-1].id:
                mine[case_id], leaf = leaf, next(waiting, None)
            yield from self._chunk(rows, mine)
            after = rows[-1].id
        if leaf is not None:
            for missing in (leaf, *waiting):
                self._doubt(missing.number, missing.seq, "anchor_case_gone")

    def _journal_head(self, leaf: Leaf) -> Leaf:
        head = self.tx.row(JOURNAL_HEAD)
        if head is not None and (head.seq, head.hash) == (leaf.seq, leaf.hash):
            return leaf
        entry = self.tx.row(ENTRY, seq=leaf.seq)
        if entry is None or head is None:
            self._doubt(JOURNAL_LEAF, leaf.seq, "anchor_cut_short")
        elif entry.hash != leaf.hash:
            self._doubt(JOURNAL_LEAF, leaf.seq, "anchor_rewritten")
        else:
            return Leaf(JOURNAL_LEAF, head.seq, head.hash)
        return leaf

    def _chunk(self, rows: list[Any], mine: dict[int, Leaf]) -> Iterator[Leaf]:
        moved = [row.id for row in rows if mine.get(row.id) != _head(row)]
        if not moved and len(mine) == len(rows):
            yield from (mine[row.id] for row in rows)
            return
        transitions = self.tx.rows_among(STEPS, ids=moved) if moved else []
        steps = {(step.case_id, step.seq): step for step in transitions}
        moved_ids = frozenset(moved)
        for row in rows:
            leaf = mine.pop(row.id, None)
            if leaf is not None and row.id not in moved_ids:
                yield leaf
                continue
            fits = self._fits(row, leaf, steps)
            if fits and row.hash is not None and row.hash == row.head:
                yield Leaf(row.number, row.version, row.hash)
            elif leaf is not None:
                yield leaf
        for missing in mine.values():
            self._doubt(missing.number, missing.seq, "anchor_case_gone")

    def _fits(self, row: Any, leaf: Leaf | None, steps: dict[tuple[int, int], Any]) -> bool:
        before = len(self.doubts)
        if not isinstance(row.number, str) or not isinstance(row.version, int):
            self._doubt(leaf.number if leaf is not None else "", 0, "unreadable")
        elif not row.number.endswith(f"-{row.id:06d}"):
            self._doubt(row.number, 0, "anchor_number")
        if leaf is not None:
            if leaf.number != row.number:
                self._doubt(leaf.number, leaf.seq, "anchor_case_gone")
            elif (step := steps.get((row.id, leaf.seq))) is None:
                self._doubt(leaf.number, leaf.seq, "anchor_cut_short")
            elif step.hash != leaf.hash:
                self._doubt(leaf.number, leaf.seq, "anchor_rewritten")
            elif isinstance(row.version, int) and row.version < leaf.seq:
                self._doubt(leaf.number, leaf.seq, "anchor_cut_short")
        following = steps.get((row.id, leaf.seq + 1 if leaf is not None else 1))
        # A value of another type is no instant; its transition's hash reveals it.
        recorded_at = following.recorded_at if following is not None else None
        if following is not None and isinstance(recorded_at, int) and recorded_at < self.settled:
            self._doubt(row.number, following.seq, "anchor_backdated")
        return len(self.doubts) == before

    def _doubt(self, number: str, seq: int, what: str) -> None:
        self.doubts.append(AnchorDoubt(number, seq, what))


def all_stand(tx: Tx, anchored: Iterable[Leaf], since: int) -> bool:
    """Return whether the heads of the journal and of all cases are the anchored leaves, one for one.

    The first question is whether a case changed since an instant (microseconds): then the heads are not walked.
    """
    if tx.row(CHANGED, since=since) is not None:
        return False
    leaves, after = iter(anchored), LEAST
    if (head := tx.row(JOURNAL_HEAD)) is not None and next(leaves, None) != (JOURNAL_LEAF, head.seq, head.hash):
        return False
    while rows := tx.rows(HEADS, after=after, chunk=CHUNK):
        if [*map(_head, rows)] != [*islice(leaves, len(rows))]:
            return False
        after = rows[-1].id
    return next(leaves, None) is None


def _head(row: Any) -> tuple[Any, ...]:
    """Return the head of a case as its leaf has it."""
    return row.number, row.version, row.hash
