"""The due cases are divided into disjoint ranges of ids, which fire the same steps as one sweep."""

from datetime import timedelta
from functools import partial
from itertools import pairwise

from engine.audit.verify import verify
from engine.escalation.fire import Sweep, fire_due
from engine.escalation.id_ranges import Range, ranges
from engine.store import Store
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    case_of,
    fired_steps_of,
    make_move,
    new_case,
    run_concurrently,
)

WEEK = 7 * DAY


def fire_range(store: Store, share: Range, after: timedelta = WEEK) -> Sweep:
    return fire_due(store, START + after, low=share.low, high=share.high)


def test_without_due_cases_there_is_no_range(store: Store):
    new_case(store)
    assert ranges(store, START + HOUR, 4) == []


def test_ranges_are_disjoint_even_and_cover_every_case(store: Store):
    ids = [case_of(store, new_case(store))["id"] for _ in range(10)]
    shares = ranges(store, START + WEEK, 4)
    assert [share.cases for share in shares] == [3, 3, 2, 2]
    assert all(before.high < after.low for before, after in pairwise(shares))
    assert all(sum(share.low <= case_id <= share.high for share in shares) == 1 for case_id in ids)


def test_there_are_no_more_ranges_than_cases(store: Store):
    ids = [case_of(store, new_case(store))["id"] for _ in range(2)]
    assert ranges(store, START + WEEK, 8) == [Range(case_id, case_id, 1) for case_id in ids]


def test_cases_that_are_not_due_do_not_count(store: Store):
    numbers = [new_case(store) for _ in range(6)]
    for number in numbers[:4]:
        make_move(store, number, "withdraw")
    assert [share.cases for share in ranges(store, START + WEEK, 2)] == [1, 1]


def test_a_sweep_fires_only_its_range(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(4)]
    first, second = ranges(store, START + WEEK, 2)
    assert {fired.number for fired in fire_range(store, first).fired} == set(numbers[:2])
    assert {fired.number for fired in fire_range(store, second).fired} == set(numbers[2:])
    assert fire_due(store, START + WEEK).fired == ()


def test_concurrent_sweeps_of_two_ranges_share_no_case(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(8)]
    shares = ranges(store, START + WEEK, 2)
    fired_by_range = [
        {fired.number for fired in sweep.fired}
        for sweep in run_concurrently([partial(fire_range, store, share) for share in shares])
        if isinstance(sweep, Sweep)
    ]
    assert fired_by_range == [set(numbers[:4]), set(numbers[4:])]
    assert verify(store).ok


def test_ranges_fire_the_same_steps_as_one_sweep(store: Store):
    """The steps of a case, their order and their due times do not depend on the order of the ranges."""
    number = new_case(store)
    fire_due(store, START + WEEK)
    expected = fired_steps_of(store, number)
    numbers = [new_case(store) for _ in range(5)]
    for share in reversed(ranges(store, START + WEEK, 3)):
        fire_range(store, share)
    assert [fired_steps_of(store, number) for number in numbers] == [expected] * 5


def test_ranges_left_by_a_killed_run_are_fired_by_the_next(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(6)]
    fire_range(store, ranges(store, START + WEEK, 3)[1])
    remaining = ranges(store, START + WEEK, 3)
    assert sum(share.cases for share in remaining) == 4
    fired = {fired.number for share in remaining for fired in fire_range(store, share).fired}
    assert fired == {*numbers[:2], *numbers[4:]}
    assert ranges(store, START + WEEK, 3) == []
    assert verify(store).ok
