"""An anchor and a clock that steps back: what an honest store wrote is no doubt."""

from datetime import timedelta

from engine.audit.verify import verify
from engine.ledger.anchoring import anchor
from engine.store import Store
from tests.case_actions import DAY, HOUR, START, new_case


def test_a_case_opened_by_a_clock_that_was_set_back_is_no_doubt(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, HOUR)
    assert verify(store).faults == ()


def test_a_case_opened_a_moment_before_the_anchor_is_not_under_it(store: Store):
    new_case(store)
    assert anchor(store, START + DAY) is not None
    new_case(store, DAY - timedelta(seconds=30))
    assert verify(store).faults == ()
