"""The Merkle tree of RFC 6962: one root for many leaves, and a short proof for each leaf."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger.merkle import Tree, leaf_hash, node_hash, path, root_by

# The leaves of the test vectors that implementations of RFC 6962 share, and their roots.
SHARED = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

some_leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def reference_root(leaves: list[bytes]) -> bytes:
    """Return the root by the recursive definition of RFC 6962."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(reference_root(leaves[:split]), reference_root(leaves[split:]))


@pytest.mark.parametrize("count", ROOTS)
def test_the_root_matches_the_shared_test_vectors(count: int):
    assert Tree(bytes.fromhex(leaf) for leaf in SHARED[:count]).root().hex() == ROOTS[count]


@given(some_leaves)
def test_the_incremental_root_equals_the_recursive_one(leaves: list[bytes]):
    assert Tree(leaves).root() == reference_root(leaves)


@given(some_leaves, st.data())
def test_a_path_proves_its_leaf_and_no_other(leaves: list[bytes], data: st.DataObject):
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, root = path(leaves, index), Tree(leaves).root()
    assert root_by(proof, leaves[index], index, len(leaves)) == root
    assert root_by(proof, leaves[index] + b"x", index, len(leaves)) != root
    assert len(proof) <= 6


def test_the_root_depends_on_every_leaf_and_on_their_order():
    leaves = [bytes([n]) for n in range(7)]
    roots = {Tree(leaves[:n]).root() for n in range(8)} | {Tree(leaves[::-1]).root(), Tree([*leaves[:6], b"x"]).root()}
    assert len(roots) == 10


def test_a_node_does_not_pass_for_a_leaf():
    first, second = leaf_hash(b"a"), leaf_hash(b"b")
    assert Tree([first + second]).root() != Tree([b"a", b"b"]).root()
