"""The clock of a door steps back between two moves of one case: no promise runs out early for it."""

from datetime import timedelta

from engine.escalation.fire import fire_due
from engine.store import Store
from models.columns import to_micros
from tests.telling import DAY, HOUR, START, clock_of, does, opened, rungs_of

BACK = timedelta(minutes=10)


def test_another_limit_set_by_a_clock_that_steps_back_counts_no_time_twice(store: Store):
    number = opened(store, HOUR)
    does(store, number, "classify", after=HOUR - BACK)
    clock = clock_of(store, number, "solution")
    assert clock["running_since"] == to_micros(START + HOUR)
    fire_due(store, START + 30 * DAY)
    begun = [due for clause, percent, due in rungs_of(store, number) if (clause, percent) == ("first_reply", 100)]
    assert begun == [3 * HOUR], "two hours after it was opened, and not ten minutes early"


def test_a_rest_that_ends_by_a_clock_that_steps_back_counts_no_time_twice(store: Store):
    number = opened(store)
    does(store, number, "ask_customer", after=HOUR)
    does(store, number, "customer_answers", after=HOUR - BACK)
    fire_due(store, START + 30 * DAY)
    [breach] = [due for clause, percent, due in rungs_of(store, number) if (clause, percent) == ("first_reply", 100)]
    assert breach == 2 * HOUR


def test_a_rung_fired_by_a_fast_clock_stays_the_only_one(store: Store):
    number = opened(store)
    fire_due(store, START + 30 * DAY)
    before = rungs_of(store, number)
    does(store, number, "note", after=HOUR)
    does(store, number, "classify", after=2 * HOUR)
    fire_due(store, START + 31 * DAY)
    assert rungs_of(store, number)[: len(before)] == before
    again = [(clause, percent) for clause, percent, _ in rungs_of(store, number)]
    assert len(again) == len(set(again))
