"""A sweep fires all that is due: the oldest first, the many by the thousand, and tells of as many as one can read."""

import asyncio

import pytest

from engine.audit.verify import verify
from engine.create_store import set_clock
from flows.fire_timers import Swept, fire_timers
from flows.work import Work
from tests.case_actions import DAY, MICROSECOND, START, execute_sql, fired_steps_of, new_case


def fell_due(work: Work, cases: int) -> list[str]:
    """The youngest is opened first, so that the order of their keys is not the order in which they fall due."""
    numbers = [new_case(work.store, (cases - n) * MICROSECOND) for n in range(cases)]
    set_clock(work.store, START + 7 * DAY)
    return numbers


def swept(work: Work, batch: int) -> Swept:
    return asyncio.run(fire_timers(work, batch=batch))


@pytest.mark.requirement("B6")
def test_the_oldest_go_first_and_the_many_after_them_in_the_order_of_their_keys(work: Work):
    numbers = fell_due(work, 7)
    fired = [one.number for one in swept(work, batch=2).fired]
    assert list(dict.fromkeys(fired)) == [numbers[6], numbers[5], *numbers[:5]]
    assert [fired.count(number) for number in numbers] == [8] * 7
    assert len({tuple(percent for _, percent, _ in fired_steps_of(work.store, number)) for number in numbers}) == 1
    assert swept(work, batch=2).did == 0
    assert verify(work.store).ok


def test_it_tells_of_as_many_as_one_can_read_and_counts_all(work: Work, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flows.fire_timers.LISTED", 10)
    fell_due(work, 4)
    done = swept(work, batch=1)
    assert (len(done.fired), done.untold, done.did) == (10, 22, 32)


def test_what_cannot_be_touched_is_told_once_and_stops_no_other(work: Work):
    numbers = fell_due(work, 6)
    for lost in (numbers[0], numbers[5]):
        execute_sql(work.store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=lost)
    done = swept(work, batch=2)
    assert sorted(done.failed) == [(numbers[0], "lost_state"), (numbers[5], "lost_state")]
    assert {one.number for one in done.fired} == set(numbers[1:5])
