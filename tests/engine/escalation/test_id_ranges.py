"""The work of a night is shared out in disjoint ranges, and comes to the same as one sweeper's."""

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


def fired_in(store: Store, share: Range, after: timedelta = WEEK) -> Sweep:
    return fire_due(store, START + after, low=share.low, high=share.high)


def test_nothing_due_is_no_range(store: Store):
    new_case(store)
    assert ranges(store, START + HOUR, 4) == []


def test_ranges_are_disjoint_even_and_hold_every_case(store: Store):
    ids = [case_of(store, new_case(store))["id"] for _ in range(10)]
    shares = ranges(store, START + WEEK, 4)
    assert [share.cases for share in shares] == [3, 3, 2, 2]
    assert all(before.high < after.low for before, after in pairwise(shares))
    assert all(sum(share.low <= one <= share.high for share in shares) == 1 for one in ids)


def test_there_are_no_more_ranges_than_cases(store: Store):
    ids = [case_of(store, new_case(store))["id"] for _ in range(2)]
    assert ranges(store, START + WEEK, 8) == [Range(one, one, 1) for one in ids]


def test_what_is_not_due_weighs_nothing(store: Store):
    numbers = [new_case(store) for _ in range(6)]
    for number in numbers[:4]:
        make_move(store, number, "withdraw")
    assert [share.cases for share in ranges(store, START + WEEK, 2)] == [1, 1]


def test_a_sweeper_keeps_to_its_range(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(4)]
    first, second = ranges(store, START + WEEK, 2)
    assert {fired.number for fired in fired_in(store, first).fired} == set(numbers[:2])
    assert {fired.number for fired in fired_in(store, second).fired} == set(numbers[2:])
    assert fire_due(store, START + WEEK).fired == ()


def test_two_sweepers_at_once_never_meet(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(8)]
    shares = ranges(store, START + WEEK, 2)
    alone = [
        {fired.number for fired in sweep.fired}
        for sweep in run_concurrently([partial(fired_in, store, share) for share in shares])
        if isinstance(sweep, Sweep)
    ]
    assert alone == [set(numbers[:4]), set(numbers[4:])]
    assert verify(store).ok


def test_shared_out_comes_to_the_same_as_one_sweeper(store: Store):
    """Each case's rungs, their order and their instants are its own, whoever fires them and in whatever order."""
    number = new_case(store)
    fire_due(store, START + WEEK)
    alone = fired_steps_of(store, number)
    numbers = [new_case(store) for _ in range(5)]
    for share in reversed(ranges(store, START + WEEK, 3)):
        fired_in(store, share)
    assert [fired_steps_of(store, number) for number in numbers] == [alone] * 5


def test_a_night_killed_half_way_is_finished_by_the_next(store: Store):
    numbers = [new_case(store, n * MICROSECOND) for n in range(6)]
    fired_in(store, ranges(store, START + WEEK, 3)[1])
    left = ranges(store, START + WEEK, 3)
    assert sum(share.cases for share in left) == 4
    again = {fired.number for share in left for fired in fired_in(store, share).fired}
    assert again == {*numbers[:2], *numbers[4:]}
    assert ranges(store, START + WEEK, 3) == []
    assert verify(store).ok
