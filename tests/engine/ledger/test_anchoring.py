"""Chain heads are anchored outside the database: what was anchored cannot be rewritten, chain and all."""

import json

import pytest

from engine.audit.verify import verify
from engine.ledger.anchoring import SETTLED, anchor, merkle, published
from engine.store import Store
from tests.telling import DAY, HOUR, START, alters, does, opened, resolved, tells


def faults(store: Store) -> set[str]:
    return {fault.what for fault in verify(store).faults}


@pytest.fixture
def anchored(store: Store) -> Store:
    for _ in range(3):
        resolved(store)
    assert anchor(store, START + DAY) is not None
    return store


def test_a_root_is_kept_in_a_row_and_outside(anchored: Store):
    [row] = tells(anchored, "SELECT cases, root, signature FROM anchor")
    [line] = published(anchored).read_text("utf-8").splitlines()
    assert row["cases"] == 3
    assert row.items() <= json.loads(line).items()
    assert verify(anchored).ok


def test_nothing_new_needs_no_new_anchor(anchored: Store):
    assert anchor(anchored, START + 2 * DAY) is None


def test_what_happens_later_leaves_the_anchor_whole(anchored: Store):
    does(anchored, "cp-26-000001", "revisit", after=2 * DAY)
    opened(anchored, 2 * DAY)
    assert verify(anchored).ok
    assert anchor(anchored, START + 3 * DAY) is not None
    assert verify(anchored).ok


def test_only_what_has_settled_is_anchored(store: Store):
    opened(store)
    opened(store, HOUR)
    made = anchor(store, START + HOUR + SETTLED)
    assert made is not None
    assert made.cases == 1


def test_a_case_taken_away_with_its_whole_history_is_missed(anchored: Store):
    for table in ("statement", "rung", "clock", "moment", "transition"):
        alters(anchored, f"DELETE FROM {table} WHERE case_id = 3")
    alters(anchored, "DELETE FROM cases WHERE id = 3")
    assert "anchor_root" in faults(anchored)


@pytest.mark.parametrize(
    ("sql", "doubt"),
    [("DELETE FROM anchor", "anchor_row"), ("UPDATE anchor SET root = 'x'", "anchor_row")],
)
def test_a_row_that_differs_from_what_was_published_is_found(anchored: Store, sql: str, doubt: str):
    alters(anchored, sql)
    assert faults(anchored) == {doubt}


def test_a_published_root_that_was_changed_is_found(anchored: Store):
    path = published(anchored)
    path.write_text(path.read_text("utf-8").replace('"cases":3', '"cases":2'), "utf-8")
    assert faults(anchored) == {"anchor_signature"}


def test_a_published_root_that_is_gone_is_found(anchored: Store):
    published(anchored).unlink()
    assert faults(anchored) == {"anchor_unpublished"}


@pytest.mark.parametrize("damage", ["", "{\n", "[]\n", '{"at": 1}\n'])
def test_a_file_that_was_damaged_is_found(anchored: Store, damage: str):
    published(anchored).write_text(damage, "utf-8")
    assert faults(anchored) == {"anchor_file"}


def test_nothing_is_anchored_over_a_doubt(anchored: Store):
    path = published(anchored)
    path.write_text(path.read_text("utf-8").replace('"cases":3', '"cases":2'), "utf-8")
    opened(anchored, 2 * DAY)
    assert anchor(anchored, START + 3 * DAY) is None
    assert faults(anchored) == {"anchor_signature"}


def test_an_anchor_whose_publishing_was_cut_off_is_published_next_time(anchored: Store):
    published(anchored).unlink()
    assert anchor(anchored, START + 2 * DAY) is None
    assert verify(anchored).ok


def test_the_root_depends_on_every_leaf_and_on_their_order():
    leaves = [bytes([n]) for n in range(7)]
    roots = {merkle(leaves[:n]) for n in range(8)} | {merkle(leaves[::-1]), merkle([*leaves[:6], b"x"])}
    assert len(roots) == 10
    assert all(len(root) == 32 for root in roots)
