"""The system clock is set back between two moves of a case: no timer falls due early."""

from datetime import timedelta

from engine.escalation.fire import fire_due
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, START, fired_steps_of, make_move, new_case, timer_of

BACK = timedelta(minutes=10)


def test_a_limit_changed_after_the_clock_was_set_back_counts_no_time_twice(store: Store):
    number = new_case(store, HOUR)
    make_move(store, number, "classify", after=HOUR - BACK)
    timer = timer_of(store, number, "solution")
    assert timer["running_since"] == to_micros(START + HOUR)
    fire_due(store, START + 30 * DAY)
    breaches = [
        due for clause, percent, due in fired_steps_of(store, number) if (clause, percent) == ("first_reply", 100)
    ]
    assert breaches == [3 * HOUR], "two hours after the case was opened"


def test_a_pause_that_ends_after_the_clock_was_set_back_counts_no_time_twice(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", after=HOUR)
    make_move(store, number, "customer_answers", after=HOUR - BACK)
    fire_due(store, START + 30 * DAY)
    [breach] = [
        due for clause, percent, due in fired_steps_of(store, number) if (clause, percent) == ("first_reply", 100)
    ]
    assert breach == 2 * HOUR


def test_a_step_fired_by_a_fast_clock_does_not_fire_again(store: Store):
    number = new_case(store)
    fire_due(store, START + 30 * DAY)
    before = fired_steps_of(store, number)
    make_move(store, number, "note", after=HOUR)
    make_move(store, number, "classify", after=2 * HOUR)
    fire_due(store, START + 31 * DAY)
    assert fired_steps_of(store, number)[: len(before)] == before
    steps = [(clause, percent) for clause, percent, _ in fired_steps_of(store, number)]
    assert len(steps) == len(set(steps))
