"""Where every head stands as it was anchored, a night anchors nothing and compares nothing else."""

from collections.abc import Callable

import pytest

from engine.ledger.anchor_check import all_stand
from engine.ledger.anchoring import anchor
from engine.ledger.leaves import Leaf, read_leaves
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, START, execute_sql, make_move, new_case, new_resolved_case
from tests.no_anchors import anchor_first

pytestmark = pytest.mark.requirement("B5")

ANCHORED_AT = START + DAY
NUMBER = "cp-26-000002"


@pytest.fixture
def anchored(store: Store) -> Store:
    """A store with three resolved cases and an anchor over them."""
    for _ in range(3):
        new_resolved_case(store)
    anchor_first(store, ANCHORED_AT)
    return store


def stands(store: Store, leaves: list[Leaf] | None = None) -> bool:
    with store.looking() as tx:
        known = read_leaves(store.anchors, 1) if leaves is None else leaves
        return all_stand(tx, known, to_micros(ANCHORED_AT))


def test_a_store_that_nobody_touched_stands_and_is_not_anchored_again(anchored: Store):
    assert stands(anchored)
    assert anchor(anchored, ANCHORED_AT + DAY) is None
    assert not (anchored.anchors / "leaves.part").exists()


def test_a_case_that_moved_or_came_since_does_not_stand(anchored: Store):
    make_move(anchored, NUMBER, "note", after=DAY + HOUR)
    assert not stands(anchored)
    assert anchor(anchored, ANCHORED_AT + DAY) is not None


def test_a_case_that_is_dated_before_the_anchor_does_not_stand(anchored: Store):
    new_case(anchored)  # at an instant before the anchor
    assert not stands(anchored)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE transition SET hash = 'other' WHERE case_id = 2 AND seq = 4",
        "UPDATE cases SET version = 3 WHERE id = 2",
        "UPDATE cases SET number = 'cp-26-000009' WHERE id = 2",
        "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
        "UPDATE journal SET hash = 'other' WHERE seq = (SELECT max(seq) FROM journal)",
    ],
)
def test_what_was_tampered_with_without_a_date_does_not_stand(anchored: Store, sql: str):
    execute_sql(anchored, sql)
    assert not stands(anchored)
    assert anchor(anchored, ANCHORED_AT + DAY) is None, "and nothing is anchored over it"


def test_a_case_that_is_gone_does_not_stand(anchored: Store):
    for table in ("statement", "escalation_step", "timer", "outbox_event", "transition"):
        execute_sql(anchored, f"DELETE FROM {table} WHERE case_id = 3")
    execute_sql(anchored, "DELETE FROM cases WHERE id = 3")
    assert not stands(anchored)


@pytest.mark.parametrize(
    "change",
    [
        lambda leaves: leaves[:-1],
        lambda leaves: leaves[1:],
        lambda leaves: [*leaves, Leaf("cp-26-000004", 4, "other")],
        lambda leaves: [leaves[0], *reversed(leaves[1:])],
    ],
)
def test_other_leaves_are_not_the_heads(anchored: Store, change: Callable[[list[Leaf]], list[Leaf]]):
    assert not stands(anchored, change([*read_leaves(anchored.anchors, 1)]))
