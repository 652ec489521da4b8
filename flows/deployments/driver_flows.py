"""The flows that a driver starts in its own process, each on a plain function that also runs without Prefect.

No deployment of `prefect.yaml` names them. The driver creates their runs under a name. Their parameters are what the
list of runs shows of them; the work itself is what is due when they begin.
"""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.deployments import night_flows
from flows.fire_timers import fire_timers
from flows.nights.plan_callbacks import make_calls
from flows.prefect_ui.artifacts import leave_calls, leave_reactions, leave_sweep
from flows.prefect_ui.flow_body import SHELL, run_body
from flows.prefect_ui.run_names import CALL_CUSTOMERS, FIRE_TIMERS, REACT, REPROJECT, SEND_WEBHOOKS
from flows.react import react
from flows.tick import reproject
from flows.webhooks import send_webhooks


@flow(name=REACT, **SHELL)
async def deliver_events(cases: list[str]) -> State[Any]:  # noqa: ARG001 (shown as the run's parameter)
    """Deliver outbox events to their reactions: one task for each case and reaction, or for each chunk of many."""
    return await run_body(react, leave_reactions)


@flow(name=FIRE_TIMERS, **SHELL)
async def fire_due_timers(cases: list[str]) -> State[Any]:  # noqa: ARG001 (shown as the run's parameter)
    """Fire the escalation steps that are due: one task for each case, or for each chunk of many."""
    return await run_body(fire_timers, leave_sweep)


@flow(name=CALL_CUSTOMERS, **SHELL)
async def call_customers(cases: list[str]) -> State[Any]:  # noqa: ARG001 (shown as the run's parameter)
    """Make the callbacks that are due: one task for each call."""
    return await run_body(make_calls, leave_calls)


@flow(name=REPROJECT, **SHELL)
async def reproject_timers() -> State[Any]:
    """Bring open timers under the rules that are in force now."""
    return await run_body(reproject)


@flow(name=SEND_WEBHOOKS, **SHELL)
async def send_due_webhooks(cases: list[str]) -> State[Any]:  # noqa: ARG001 (shown as the run's parameter)
    """Send webhooks to the systems that subscribed: one task for each message, unless there are many."""
    return await run_body(send_webhooks)


_OWN = (deliver_events, fire_due_timers, call_customers, reproject_timers, send_due_webhooks)
FLOWS = {each.name: each for each in (*_OWN, *night_flows.NIGHTS)}
"""The flows of a driver by their names: its own, and the nights, which it does when no worker does."""
