"""A sweep fires all due steps, the oldest first, in batches, and lists a limited number of them."""

import asyncio

import pytest

from engine.audit.verify import verify
from engine.create_store import set_clock
from flows.fire_timers import Swept, fire_timers
from flows.work import Work
from tests.case_actions import DAY, MICROSECOND, START, execute_sql, fired_steps_of, new_case


def new_due_cases(work: Work, cases: int) -> list[str]:
    """Open cases, the youngest first, so that the order of their keys is not the order of their due times."""
    numbers = [new_case(work.store, (cases - n) * MICROSECOND) for n in range(cases)]
    set_clock(work.store, START + 7 * DAY)
    return numbers


def sweep(work: Work, batch: int) -> Swept:
    """Fire the due timers in batches."""
    return asyncio.run(fire_timers(work, batch=batch))


@pytest.mark.requirement("B6")
def test_the_oldest_cases_are_swept_first_and_the_others_in_the_order_of_their_keys(work: Work):
    numbers = new_due_cases(work, 7)
    fired = [step.number for step in sweep(work, batch=2).fired]
    assert list(dict.fromkeys(fired)) == [numbers[6], numbers[5], *numbers[:5]]
    assert [fired.count(number) for number in numbers] == [8] * 7
    assert len({tuple(percent for _, percent, _ in fired_steps_of(work.store, number)) for number in numbers}) == 1
    assert sweep(work, batch=2).did == 0
    assert verify(work.store).ok


def test_a_sweep_lists_a_limited_number_of_steps_and_counts_all(work: Work, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flows.fire_timers.LISTED", 10)
    new_due_cases(work, 4)
    result = sweep(work, batch=1)
    assert (len(result.fired), result.untold, result.did) == (10, 22, 32)


def test_a_case_that_fails_is_listed_once_and_stops_no_other(work: Work):
    numbers = new_due_cases(work, 6)
    for lost in (numbers[0], numbers[5]):
        execute_sql(work.store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=lost)
    result = sweep(work, batch=2)
    assert sorted(result.failed) == [(numbers[0], "lost_state"), (numbers[5], "lost_state")]
    assert {step.number for step in result.fired} == set(numbers[1:5])
