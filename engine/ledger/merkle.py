"""Build Merkle roots over leaves as RFC 6962 defines them, and inclusion proofs of a leaf."""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()
"""The root of an empty tree."""


class Tree:
    """An incremental Merkle tree: it keeps one node for each complete subtree and no leaves."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.count = 0
        self._complete: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        node, pairs = leaf_hash(leaf), self.count
        while pairs & 1:
            node, pairs = node_hash(self._complete.pop(), node), pairs >> 1
        self._complete.append(node)
        self.count += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far, 32 bytes."""
        if not self._complete:
            return EMPTY
        *lefts, node = self._complete
        for left in reversed(lefts):
            node = node_hash(left, node)
        return node


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf; its prefix differs from a node's, so that neither can pass for the other."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at ``index`` (from 0), nearest node first (RFC 6962, 2.1.1)."""
    if len(leaves) <= 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(leaves[:split], index), Tree(leaves[split:]).root()]
    return [*path(leaves[split:], index - split), Tree(leaves[:split]).root()]


def root_by(path: Sequence[bytes], leaf: bytes, index: int, count: int) -> bytes:
    """Return the root that an audit path yields for a leaf; compare it with a trusted root."""
    if not path:
        return leaf_hash(leaf)
    split = _split(count)
    if index < split:
        return node_hash(root_by(path[:-1], leaf, index, split), path[-1])
    return node_hash(path[-1], root_by(path[:-1], leaf, index - split, count - split))


def _split(count: int) -> int:
    """Return the number of leaves left of the root: the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)
