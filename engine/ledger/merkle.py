"""Hashes many leaves into one root, in the shape of RFC 6962, and shows that a leaf is under it."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()
"""The root over nothing."""


class Tree:
    """A root that grows leaf by leaf; it keeps one node for each complete subtree, never the leaves."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.count = 0
        self._complete: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """One more leaf at the right."""
        node, pairs = leaf_hash(leaf), self.count
        while pairs & 1:
            node, pairs = node_hash(self._complete.pop(), node), pairs >> 1
        self._complete.append(node)
        self.count += 1

    def root(self) -> bytes:
        """The root over all leaves so far, 32 bytes."""
        if not self._complete:
            return EMPTY
        *lefts, node = self._complete
        for left in reversed(lefts):
            node = node_hash(left, node)
        return node


def leaf_hash(leaf: bytes) -> bytes:
    """A leaf is hashed apart from a node, so that none passes for the other."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands above two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes that lead from a leaf (from 0) to the root, the nearest first (RFC 6962, 2.1.1)."""
    if len(leaves) <= 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(leaves[:split], index), Tree(leaves[split:]).root()]
    return [*path(leaves[split:], index - split), Tree(leaves[:split]).root()]


def root_by(path: Sequence[bytes], leaf: bytes, index: int, count: int) -> bytes:
    """The root to which a leaf leads by its path; the leaf is under a known root if this is it."""
    if not path:
        return leaf_hash(leaf)
    split = _split(count)
    if index < split:
        return node_hash(root_by(path[:-1], leaf, index, split), path[-1])
    return node_hash(path[-1], root_by(path[:-1], leaf, index - split, count - split))


def _split(count: int) -> int:
    """How many leaves stand to the left of the root: the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)
