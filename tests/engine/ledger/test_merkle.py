"""One root for many leaves in the shape of RFC 6962, and a short proof that a leaf is under it."""

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

many = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def whole(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962 defines it, by recursion."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(whole(leaves[:split]), whole(leaves[split:]))


@pytest.mark.parametrize("count", ROOTS)
def test_the_root_is_the_one_that_others_reckon(count: int):
    assert Tree(bytes.fromhex(leaf) for leaf in SHARED[:count]).root().hex() == ROOTS[count]


@given(many)
def test_leaf_by_leaf_the_same_root_grows(leaves: list[bytes]):
    assert Tree(leaves).root() == whole(leaves)


@given(many, st.data())
def test_a_leaf_is_led_to_the_root_by_its_path_and_another_is_not(leaves: list[bytes], data: st.DataObject):
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
    one, other = leaf_hash(b"a"), leaf_hash(b"b")
    assert Tree([one + other]).root() != Tree([b"a", b"b"]).root()
