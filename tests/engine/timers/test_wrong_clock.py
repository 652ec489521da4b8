"""The system clock is ahead, behind or corrected: nothing happens twice, and recorded times never decrease."""

from engine.audit.verify import verify
from engine.escalation.fire import fire_due
from engine.outbox.deliveries import lease, settle
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, START, fired_steps_of, history_of, make_move, new_case, timer_of

LADDER = [HOUR * h for h in (1.5, 2, 3, 4)]


def first_reply(store: Store, number: str) -> list[object]:
    """Return the due times of the fired steps of ``first_reply``."""
    return [due for clause, _, due in fired_steps_of(store, number) if clause == "first_reply"]


def test_a_clock_that_jumps_ahead_fires_each_step_once_with_its_due_instant(store: Store):
    number = new_case(store)
    fire_due(store, START + 30 * DAY)
    assert first_reply(store, number) == LADDER
    assert verify(store).ok


def test_a_clock_that_is_set_back_fires_nothing_twice(store: Store):
    number = new_case(store)
    fire_due(store, START + 30 * DAY)
    assert fire_due(store, START + 3 * HOUR).fired == ()
    assert fire_due(store, START + 31 * DAY).fired == ()
    assert first_reply(store, number) == LADDER


def test_recorded_times_do_not_decrease_after_the_clock_was_set_back(store: Store):
    number = new_case(store, 5 * HOUR)
    make_move(store, number, "classify", after=HOUR)
    recorded = [row["recorded_at"] for row in history_of(store, number)]
    assert recorded == sorted(recorded)
    assert [(fault.seq, fault.what) for fault in verify(store).faults] == [(2, "clock_set_back")]


def test_a_clock_that_is_behind_fires_nothing_early_and_what_is_due_once_corrected(store: Store):
    number = new_case(store, HOUR)
    assert fire_due(store, START + HOUR).fired == ()
    assert timer_of(store, number, "first_reply")["fires_at"] == to_micros(START + 2.5 * HOUR)
    assert [fired.step.percent for fired in fire_due(store, START + 3 * HOUR).fired] == [75, 100]


def test_a_delivery_leased_before_the_clock_was_set_back_is_delivered_once(store: Store):
    new_case(store)
    [held] = lease(store, "me", lambda event: ["greet"], START + DAY)
    assert lease(store, "other", lambda event: ["greet"], START) == []
    settle(store, [(held, None)], START)
    assert lease(store, "other", lambda event: ["greet"], START + 2 * DAY) == []
