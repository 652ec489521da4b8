"""The clock of a door steps back between two moves of one case: no promise runs out early for it."""

from datetime import timedelta

from engine.escalation.fire import fire_due
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import DAY, HOUR, START, fired_steps_of, make_move, new_case, timer_of

BACK = timedelta(minutes=10)


def test_another_limit_set_by_a_clock_that_steps_back_counts_no_time_twice(store: Store):
    number = new_case(store, HOUR)
    make_move(store, number, "classify", after=HOUR - BACK)
    clock = timer_of(store, number, "solution")
    assert clock["running_since"] == to_micros(START + HOUR)
    fire_due(store, START + 30 * DAY)
    begun = [due for clause, percent, due in fired_steps_of(store, number) if (clause, percent) == ("first_reply", 100)]
    assert begun == [3 * HOUR], "two hours after it was opened, and not ten minutes early"


def test_a_rest_that_ends_by_a_clock_that_steps_back_counts_no_time_twice(store: Store):
    number = new_case(store)
    make_move(store, number, "ask_customer", after=HOUR)
    make_move(store, number, "customer_answers", after=HOUR - BACK)
    fire_due(store, START + 30 * DAY)
    [breach] = [
        due for clause, percent, due in fired_steps_of(store, number) if (clause, percent) == ("first_reply", 100)
    ]
    assert breach == 2 * HOUR


def test_a_rung_fired_by_a_fast_clock_stays_the_only_one(store: Store):
    number = new_case(store)
    fire_due(store, START + 30 * DAY)
    before = fired_steps_of(store, number)
    make_move(store, number, "note", after=HOUR)
    make_move(store, number, "classify", after=2 * HOUR)
    fire_due(store, START + 31 * DAY)
    assert fired_steps_of(store, number)[: len(before)] == before
    again = [(clause, percent) for clause, percent, _ in fired_steps_of(store, number)]
    assert len(again) == len(set(again))
