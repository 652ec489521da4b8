"""Proves to somebody who has the published root alone that a case stood where it stood."""

from dataclasses import dataclass

from engine.ledger.anchor_file import Anchored, alone, read_lines
from engine.ledger.leaves import read_leaves
from engine.ledger.merkle import path
from engine.store import Store
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Proof:
    """A leaf (number, transition, hash), its place among so many leaves (from 0), and the nodes that lead to the root.

    ``path`` is in hex, the nearest first (RFC 6962, 2.1.1): 20 nodes for a million cases.
    """

    anchor: Anchored
    leaf: str
    seq: int
    index: int
    count: int
    path: list[str]


def prove(store: Store, number: str) -> Proof:
    """Return the proof for a case under the last anchor. Raises ``Refused('not_anchored')``."""
    place = store.anchors
    with alone(place, reading=True):
        try:
            last = read_lines(place)[-1]
            leaves = list(read_leaves(place, last.line))
        except (OSError, ValueError, IndexError):
            raise Refused("not_anchored", number=number) from None
    index = next((at for at, leaf in enumerate(leaves) if leaf.number == number), None)
    if index is None:
        raise Refused("not_anchored", number=number)
    nodes = path([leaf.text.encode() for leaf in leaves], index)
    return Proof(last, leaves[index].text, leaves[index].seq, index, len(leaves), [node.hex() for node in nodes])
