"""What is known of the open timers now is the same by their rows as by the record (K1)."""

from datetime import timedelta

import pytest

from engine.store import Store
from forecast.present import open_timers
from models.columns import to_micros
from tests.case_actions import DAY, HANDLER, HOUR, START, make_move, new_case
from tests.forecast.lived import live_random_cases, situations_by_the_record

pytestmark = pytest.mark.requirement("K1")


def rows(store: Store, at: timedelta) -> dict[tuple[int, str, int], object]:
    with store.looking() as tx:
        return {(each.case_id, each.clause, each.occurrence): each.situation for each in open_timers(tx, START + at)}


def live(store: Store) -> None:
    """Open cases and move some: other departments, an owner, a wait for the customer, an end."""
    numbers = [new_case(store, HOUR * each / 10) for each in range(8)]
    for number in numbers[1:]:
        make_move(store, number, "classify", after=HOUR)
    make_move(store, numbers[2], "assign", after=2 * HOUR, department="delivery", owner=None)
    make_move(store, numbers[3], "assign", after=2 * HOUR, owner=HANDLER)
    make_move(store, numbers[4], "assign", after=2 * HOUR, owner=HANDLER)
    make_move(store, numbers[5], "ask_customer", after=2 * HOUR)
    make_move(store, numbers[6], "withdraw", after=2 * HOUR)
    make_move(store, numbers[7], "reply", after=1.5 * HOUR)


@pytest.mark.parametrize("after", [2 * HOUR, 3 * HOUR, 20 * HOUR])
def test_rows_and_record_tell_the_same(store: Store, after: timedelta):
    live(store)
    by_rows, by_record = rows(store, after), situations_by_the_record(store, to_micros(START + after))
    assert by_rows == by_record
    assert len(by_rows) > 3 or after > 3 * HOUR


@pytest.mark.parametrize("seed", range(3))
def test_in_random_cases_too(sqlite_store: Store, seed: int):
    live_random_cases(sqlite_store, seed)
    assert rows(sqlite_store, timedelta()) == situations_by_the_record(sqlite_store, to_micros(START))


def test_a_late_timer_is_not_forecast(sqlite_store: Store):
    new_case(sqlite_store)
    assert rows(sqlite_store, HOUR)
    assert not rows(sqlite_store, 40 * DAY)
