"""The scheduled flows, one declaration each; a worker runs them in the home of the store."""

from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from engine.settings import Settings
from flows.deployments.deployed_flow import deployed_flow
from flows.prefect_ui.artifacts import ProgressArtifact, leave_scheduled
from flows.scheduled_work import run_late, run_name
from flows.work import Work
from gateways.schedule import (
    CALLBACK_PLAN,
    CATCH_UP,
    CLASSIFIER_TRAINING,
    COMPLAINT_ANALYSIS,
    INTEGRITY,
    MORNING_REPORT,
    OVERNIGHT,
)


def _run_name() -> str:
    return run_name(Settings().locale, flow_run.flow_name, flow_run.scheduled_start_time)


def _due() -> datetime:
    """Return when the run was scheduled, as a plain datetime: Prefect's own type does not support division."""
    return datetime.fromisoformat(flow_run.scheduled_start_time.isoformat())


def _night_flow(name: str, description: str) -> Flow[[], Coroutine[Any, Any, State[Any]]]:
    async def body(work: Work) -> None:
        work.progress = ProgressArtifact(work, name)
        await leave_scheduled(work, await run_late(work, name, _due()))

    return deployed_flow(name, _run_name, body, description)


overnight_escalation = _night_flow(
    OVERNIGHT, "Fire due timers, plan the day's callbacks, verify the record, leave the report."
)
plan_callbacks = _night_flow(CALLBACK_PLAN, "Plan the callbacks that resolved cases wait for.")
morning_report = _night_flow(MORNING_REPORT, "Leave the morning report.")
analyse_complaints = _night_flow(COMPLAINT_ANALYSIS, "Leave the analysis of last month's complaints.")
check_integrity = _night_flow(INTEGRITY, "Verify the whole record and anchor it.")
train_classifier = _night_flow(CLASSIFIER_TRAINING, "Train the classifier on people's decisions.")
catch_up = _night_flow(CATCH_UP, "Do what is due if no driver runs.")
