"""A clock set back around an anchor is named as that, and as nothing worse."""

from datetime import timedelta

from engine.audit.verify import Fault, verify
from engine.ledger.anchoring import anchor
from engine.store import Store
from tests.case_actions import DAY, HOUR, START, new_case


def test_after_the_clock_was_set_back_the_anchor_is_named_once(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, HOUR)
    new_case(store, 2 * HOUR)
    assert verify(store).faults == (Fault("", 2, "clock_set_back"),)


def test_a_case_opened_just_before_the_anchor_is_not_covered_by_it(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, DAY - timedelta(seconds=30))
    assert verify(store).faults == ()
