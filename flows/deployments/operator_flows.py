"""The flows that a supervisor starts from a form in the Prefect UI, one declaration each."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

from prefect import Flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.deployments import operator_actions as actions
from flows.deployments.deployed_flow import deployed_flow
from flows.deployments.operator_forms import ActForm
from flows.deployments.operator_outcomes import REFUSED, Outcome
from flows.prefect_ui.artifacts import leave_scheduled
from flows.prefect_ui.run_states import LEFT_NOTHING
from flows.run_text import Rendered, RunText
from flows.work import Work
from locales.translation import label

F = TypeVar("F", bound=ActForm)


def _run_name() -> str:
    """Name the action, its subject and its actor: ids and handles only."""
    act = flow_run.parameters["act"]
    return " · ".join(filter(None, (str(flow_run.flow_name), act.about, act.acting_as)))


def _operator_flow(
    name: str, action: Callable[[Work, F], Awaitable[Outcome]], *, has_steps: bool = False
) -> Flow[[F], Coroutine[Any, Any, State[Any]]]:
    """Declare the flow of an action: its one parameter ``act`` is the action's form.

    The action is the one step of its run, unless it ``has_steps`` of its own.
    """

    @wraps(action)
    async def body(work: Work, act: F) -> State[Any]:
        if has_steps:
            return await _state_of(work, await action(work, act))
        title = RunText("log.act", text=Rendered(" · ".join([label(work.locale, "", "form", name), act.about])))
        return await _state_of(work, await work.step(name, lambda: action(work, act), title, failure=_refusal_of))

    return deployed_flow(name, _run_name, body)


def _refusal_of(outcome: Outcome) -> str | None:
    """Return the code of a refusal, by which the step looks refused like its run."""
    return outcome.code if outcome.state == REFUSED else None


async def _state_of(work: Work, outcome: Outcome) -> State[Any]:
    """Return the run's state, and log what it says: a refusal looks failed, and its name tells it from a fault.

    Automations watch for runs that end as ``Failed``; one that ends as ``Refused`` alarms nobody.
    """
    refused = outcome.state == REFUSED
    message = outcome.message
    work.log(RunText("log.act", text=Rendered(message)), logging.WARNING if refused else logging.INFO)
    try:
        await _leave(work, outcome)
    except Exception as error:  # noqa: BLE001 (work that is done does not fail for want of an artifact)
        message = f"{message} · {LEFT_NOTHING}: {type(error).__name__}"
    return (Failed if refused else Completed)(name=outcome.state, message=message)


async def _leave(work: Work, outcome: Outcome) -> None:
    key = f"act-{outcome.about.replace('_', '-')}"
    await acreate_markdown_artifact(markdown=outcome.text, key=key, description=outcome.code)
    await leave_scheduled(work, outcome.night)


escalate_case = _operator_flow(actions.ESCALATE, actions.escalate)
reassign_case = _operator_flow(actions.REASSIGN, actions.reassign)
extend_promise = _operator_flow(actions.EXTEND, actions.extend)
decide_case = _operator_flow(actions.DECIDE, actions.decide)
acknowledge_alert = _operator_flow(actions.ACKNOWLEDGE_ALERT, actions.acknowledge_alert)
pause_kind = _operator_flow(actions.PAUSE_KIND, actions.pause_kind)
resume_kind = _operator_flow(actions.RESUME_KIND, actions.resume_kind)
sweep_now = _operator_flow(actions.SWEEP_NOW, actions.sweep_now, has_steps=True)
