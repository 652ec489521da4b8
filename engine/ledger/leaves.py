"""Store the leaves under an anchor's root: one line for the chain head of each case."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.durable_file import private_opener, sync_folder
from engine.ledger.merkle import Tree


class Leaf(NamedTuple):
    """The chain head of a case: case number, sequence number and hash of its last transition."""

    number: str
    seq: int
    hash: str

    @property
    def text(self) -> str:
        """Return the leaf as it is hashed and stored."""
        return f"{self.number} {self.seq} {self.hash}"

    @property
    def id(self) -> int:
        """Return the key with which the case number ends. Raises ``ValueError`` if it is no case number."""
        return int(self.number.rpartition("-")[2])


def leaf_of(line: str) -> Leaf:
    """Parse a stored line. Raises ``ValueError``."""
    number, seq, head = line.split(" ")
    return Leaf(number, int(seq), head)


def file_of(place: Path, line: int) -> Path:
    """Return the file of the leaves under the root of that anchor line."""
    return place / f"leaves-{line:06d}.txt"


def read_leaves(place: Path, line: int) -> Iterator[Leaf]:
    """Yield the leaves in the order of case ids. Raises ``ValueError`` or ``OSError`` for a damaged file."""
    with file_of(place, line).open(encoding="utf-8") as file:
        yield from (leaf_of(text.rstrip("\n")) for text in file)


def write_leaves(leaves: Iterable[Leaf], unfinished: Path) -> Tree:
    """Write the leaves to a temporary file and return the tree over them.

    ``name_leaves`` makes the file durable; if no case has moved, it is removed instead.
    """
    tree = Tree()
    with open(unfinished, "w", encoding="utf-8", opener=private_opener) as file:
        for leaf in leaves:
            text = leaf.text
            file.write(text + "\n")
            tree.add(text.encode())
    return tree


def name_leaves(place: Path, unfinished: Path, line: int) -> None:
    """Make the temporary file durable and rename it; older files are removed once the line is published."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(file_of(place, line))
    sync_folder(place)


def forget_leaves(place: Path, but: int) -> None:
    """Remove all files of leaves but those of line ``but``: the newest contains every older head."""
    for file in place.glob("leaves-*.txt"):
        if file != file_of(place, but):
            file.unlink()


def root_of(place: Path, line: int) -> str:
    """Return the root over the stored leaves, in hex. Raises ``ValueError`` or ``OSError``.

    The root follows from the content of the file, so a process computes it once for each content.
    """
    file = file_of(place, line)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").digest()
    if (known := _last_root.get(file)) is not None and known[0] == digest:
        return known[1]
    root = Tree(leaf.text.encode() for leaf in read_leaves(place, line)).root().hex()
    _last_root.clear()
    _last_root[file] = (digest, root)
    return root


_last_root: dict[Path, tuple[bytes, str]] = {}
"""The digest of the file of leaves that was read last, and its root."""
