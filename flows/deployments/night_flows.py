"""The scheduled flows; a worker runs them in the home of the store, a driver those that no worker ran in time."""

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run

from engine.settings import Settings
from flows.prefect_ui.artifacts import ProgressArtifact, leave_scheduled
from flows.prefect_ui.flow_body import SHELL, driver_run_name, run_body
from flows.scheduled_work import Result, run_late, run_name, run_scheduled
from flows.work import Work
from gateways.schedule import (
    CALLBACK_PLAN,
    CARE,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    EVALUATION,
    FORECAST_TRAINING,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
    PERIOD_REPORT,
    SUPERVISION,
)


def _run_name() -> str:
    """Name the run as the driver that started it says, or by its scheduled time."""
    return driver_run_name() or run_name(Settings().locale, flow_run.flow_name, _due())


def _due() -> datetime:
    """Return when the run was scheduled, as a plain datetime: Prefect's own type does not support division."""
    return datetime.fromisoformat(flow_run.scheduled_start_time.isoformat())


async def _run(name: str) -> State[Any]:
    async def body(work: Work) -> Result | None:
        work.progress = ProgressArtifact(work, name)
        if deployment.id is None:  # a driver's own run: it has decided that the work is late
            return await run_scheduled(work, name)
        return await run_late(work, name, _due())

    return await run_body(body, leave_scheduled)


@flow(name=OVERNIGHT, flow_run_name=_run_name, **SHELL)
async def overnight_escalation() -> State[Any]:
    """Fire due timers, plan the day's callbacks, verify the record, leave the report."""
    return await _run(OVERNIGHT)


@flow(name=CALLBACK_PLAN, flow_run_name=_run_name, **SHELL)
async def plan_callbacks() -> State[Any]:
    """Plan the callbacks that resolved cases wait for."""
    return await _run(CALLBACK_PLAN)


@flow(name=MORNING_REPORT, flow_run_name=_run_name, **SHELL)
async def morning_report() -> State[Any]:
    """Send the digests and leave the morning report."""
    return await _run(MORNING_REPORT)


@flow(name=COMPLAINT_ANALYSIS, flow_run_name=_run_name, **SHELL)
async def analyse_complaints() -> State[Any]:
    """Leave the analysis of last month's complaints."""
    return await _run(COMPLAINT_ANALYSIS)


@flow(name=EVALUATION, flow_run_name=_run_name, **SHELL)
async def evaluate() -> State[Any]:
    """Open the evaluation cycles that are due, require plans where a target is missed, measure their effect."""
    return await _run(EVALUATION)


@flow(name=SUPERVISION, flow_run_name=_run_name, **SHELL)
async def supervise() -> State[Any]:
    """Audit the records of the months that are over."""
    return await _run(SUPERVISION)


@flow(name=PERIOD_REPORT, flow_run_name=_run_name, **SHELL)
async def report_periods() -> State[Any]:
    """Leave the reports of the months and quarters that are over."""
    return await _run(PERIOD_REPORT)


@flow(name=INTEGRITY, flow_run_name=_run_name, **SHELL)
async def check_integrity() -> State[Any]:
    """Verify the whole record and anchor it."""
    return await _run(INTEGRITY)


@flow(name=CLASSIFIER_TRAINING, flow_run_name=_run_name, **SHELL)
async def train_classifier() -> State[Any]:
    """Train the classifier on people's decisions."""
    return await _run(CLASSIFIER_TRAINING)


@flow(name=FORECAST_TRAINING, flow_run_name=_run_name, **SHELL)
async def train_forecast() -> State[Any]:
    """Train the forecast of broken promises on the timers that have ended."""
    return await _run(FORECAST_TRAINING)


@flow(name=CARE, flow_run_name=_run_name, **SHELL)
async def greet_customers() -> State[Any]:
    """Send greetings to customers who agreed to them."""
    return await _run(CARE)


@flow(name=CATCH_UP, flow_run_name=_run_name, **SHELL)
async def catch_up() -> State[Any]:
    """Do what is due if no driver runs."""
    return await _run(CATCH_UP)


NIGHTS = (
    overnight_escalation,
    plan_callbacks,
    morning_report,
    analyse_complaints,
    evaluate,
    supervise,
    report_periods,
    check_integrity,
    train_classifier,
    train_forecast,
    greet_customers,
    catch_up,
)
