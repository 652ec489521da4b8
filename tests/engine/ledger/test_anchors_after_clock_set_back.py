"""A clock set back around an anchor causes no fault."""

from datetime import timedelta

from engine.audit.verify import verify
from engine.ledger.anchoring import anchor
from engine.store import Store
from tests.case_actions import DAY, HOUR, START, new_case


def test_a_case_opened_after_the_clock_was_set_back_is_no_fault(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, HOUR)
    assert verify(store).faults == ()


def test_a_case_opened_just_before_the_anchor_is_not_covered_by_it(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, DAY - timedelta(seconds=30))
    assert verify(store).faults == ()
