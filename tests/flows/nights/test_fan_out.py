"""Sharing a night out makes it faster, never a different one: what the sweepers leave is fired all the same."""

import asyncio

from engine.create_store import set_clock
from engine.settings import Settings
from flows.fire_timers import Swept, fire_timers
from flows.nights.fan_out import _shared_out, joined, of_a_deployment, sweep_all
from flows.work import Work
from tests.case_actions import DAY, START, execute_sql, fired_steps_of, new_case, refusal

WEEK = START + 7 * DAY


def fell_due(work: Work, cases: int) -> list[str]:
    numbers = [new_case(work.store) for _ in range(cases)]
    set_clock(work.store, WEEK)
    return numbers


def test_without_prefect_one_process_fires_all(work: Work):
    assert not of_a_deployment()
    numbers = fell_due(work, 3)
    swept = asyncio.run(sweep_all(work, fewest=1))
    assert {fired.number for fired in swept.fired} == set(numbers)
    assert asyncio.run(sweep_all(work)).did == 0


def test_a_runner_that_cannot_be_had_costs_no_rung(work: Work, settings: Settings):
    [number] = fell_due(work, 1)
    nobody = settings.model_copy(update={"task_runner": "rack"})
    assert asyncio.run(_shared_out(work, nobody, 1)) == Swept((), ())
    assert refusal(lambda: nobody.on_dask).code == "bad_task_runner"
    assert fired_steps_of(work.store, number) == []
    assert asyncio.run(sweep_all(work)).did > 0


def test_a_small_night_is_not_worth_sharing_out(work: Work, settings: Settings):
    fell_due(work, 3)
    assert asyncio.run(_shared_out(work, settings, 4)) == Swept((), ())


def test_sweepers_of_disjoint_ranges_come_to_the_same_as_one(work: Work):
    numbers = fell_due(work, 4)
    lost = numbers[1]
    execute_sql(work.store, "UPDATE cases SET state = 'limbo' WHERE number = :number", number=lost)

    async def both() -> Swept:
        return joined([await fire_timers(work, 3, 99), await fire_timers(work, 0, 2), await fire_timers(work)])

    swept = asyncio.run(both())
    assert swept.failed == ((lost, "lost_state"),)
    assert [fired.number for fired in swept.fired[: swept.did // 3]] == [numbers[2]] * (swept.did // 3)
    assert {fired.number for fired in swept.fired} == set(numbers) - {lost}
    assert fired_steps_of(work.store, numbers[0]) == fired_steps_of(work.store, numbers[3])
