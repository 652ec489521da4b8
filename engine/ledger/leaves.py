"""The heads that an anchor's root stands over: one line for each case, kept beside the anchors."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.ledger.anchor_file import sync_folder
from engine.ledger.merkle import Tree


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a case stood: the number of its last transition, and its hash."""

    number: str
    seq: int
    hash: str

    @property
    def text(self) -> str:
        """The leaf as it is hashed and kept."""
        return f"{self.number} {self.seq} {self.hash}"

    @property
    def id(self) -> int:
        """The case's key, with which its number ends. Raises ``ValueError`` for what is no number of a case."""
        return int(self.number.rpartition("-")[2])


def leaf_of(line: str) -> Leaf:
    """A leaf as it was kept. Raises ``ValueError``."""
    number, seq, head = line.split(" ")
    return Leaf(number, int(seq), head)


def file_of(place: Path, line: int) -> Path:
    """Where the leaves under the root of that line are kept."""
    return place / f"leaves-{line:06d}.txt"


def read_leaves(place: Path, line: int) -> Iterator[Leaf]:
    """The leaves, in the order of the cases' ids. Raises ``ValueError`` or ``OSError`` for a file that was damaged."""
    with file_of(place, line).open(encoding="utf-8") as kept:
        yield from (leaf_of(text.rstrip("\n")) for text in kept)


def write_leaves(leaves: Iterable[Leaf], unfinished: Path) -> Tree:
    """Write the leaves to a file that has not its name yet; the tree over them."""
    tree = Tree()
    with unfinished.open("w", encoding="utf-8") as kept:
        for leaf in leaves:
            kept.write(leaf.text + "\n")
            tree.add(leaf.text.encode())
        kept.flush()
        os.fsync(kept.fileno())
    return tree


def name_leaves(place: Path, unfinished: Path, line: int) -> None:
    """Give the file its name; those of lines before are gone only when the line is published."""
    unfinished.replace(file_of(place, line))
    sync_folder(place)


def forget_leaves(place: Path, but: int) -> None:
    """Only the leaves of the last line are kept: whatever older ones say they say, too."""
    for kept in place.glob("leaves-*.txt"):
        if kept != file_of(place, but):
            kept.unlink()


def root_of(place: Path, line: int) -> str:
    """The root over the leaves that are kept. Raises ``ValueError`` or ``OSError``."""
    return Tree(leaf.text.encode() for leaf in read_leaves(place, line)).root().hex()
