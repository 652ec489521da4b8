"""The flows that Prefect schedules: thin shells on plain functions, run by a worker in the store's home."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from engine.settings import Settings
from flows.artifacts import leave_scheduled
from flows.nights import CALLBACK_PLAN, MORNING_REPORT, OVERNIGHT, run_name, run_scheduled
from flows.observed import state_after
from flows.work import work_from


def _name_of_run() -> str:
    return run_name(flow_run.flow_name, flow_run.scheduled_start_time)


async def _scheduled(name: str) -> State[Any]:
    async def body() -> None:
        work = work_from(Settings())
        try:
            await leave_scheduled(work, await run_scheduled(work, name))
        finally:
            work.store.close()

    return await state_after(body)


@flow(name=OVERNIGHT, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def overnight_escalation() -> State[Any]:
    """Fire what is due, plan the day's callbacks, check the record, leave the report."""
    return await _scheduled(OVERNIGHT)


@flow(name=CALLBACK_PLAN, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def plan_callbacks() -> State[Any]:
    """Plan the callbacks that resolved cases wait for."""
    return await _scheduled(CALLBACK_PLAN)


@flow(name=MORNING_REPORT, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def morning_report() -> State[Any]:
    """Leave the morning report."""
    return await _scheduled(MORNING_REPORT)
