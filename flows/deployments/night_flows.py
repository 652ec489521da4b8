"""The flows that Prefect schedules: thin shells on plain functions, run by a worker in the store's home."""

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from engine.settings import Settings
from flows.prefect_ui.artifacts import leave_scheduled
from flows.prefect_ui.progress import Filling
from flows.prefect_ui.run_states import state_after
from flows.scheduled_work import run_late, run_name
from flows.work import work_from
from gateways.schedule import (
    CALLBACK_PLAN,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
)


def _name_of_run() -> str:
    return run_name(Settings().locale, flow_run.flow_name, flow_run.scheduled_start_time)


def _due() -> datetime:
    """When the run was to begin, as a plain instant: Prefect's own kind of time cannot be divided."""
    return datetime.fromisoformat(flow_run.scheduled_start_time.isoformat())


async def _scheduled(name: str) -> State[Any]:
    async def body() -> None:
        work = work_from(Settings())
        work.progress = Filling(work, name)
        try:
            await leave_scheduled(work, await run_late(work, name, _due()))
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


@flow(name=COMPLAINT_ANALYSIS, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def analyse_complaints() -> State[Any]:
    """Leave the analysis of last month's complaints."""
    return await _scheduled(COMPLAINT_ANALYSIS)


@flow(name=INTEGRITY, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def check_integrity() -> State[Any]:
    """Check the whole record, and anchor it."""
    return await _scheduled(INTEGRITY)


@flow(name=CLASSIFIER_TRAINING, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def train_classifier() -> State[Any]:
    """Learn from what people decided meanwhile."""
    return await _scheduled(CLASSIFIER_TRAINING)


@flow(name=CATCH_UP, flow_run_name=_name_of_run, persist_result=False, log_prints=False)
async def catch_up() -> State[Any]:
    """Do what is due if no driver does."""
    return await _scheduled(CATCH_UP)
