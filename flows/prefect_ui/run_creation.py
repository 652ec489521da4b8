"""Creates a flow run under its name and runs its flow in it."""

from collections.abc import Awaitable, Mapping
from typing import Any, cast

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import SyncClientContext, TagsContext
from prefect.flow_engine import run_flow

# Note [Prefect's blocking calls]
# Prefect's engine reads the server's default result storage by a blocking client, which it does not close: the process
# would keep a connection of each run until its garbage is collected. Inside a context of Prefect's it takes the
# context's client instead, which is closed with the context.


async def run_created(flow: Flow[..., Any], name: str, parameters: Mapping[str, Any]) -> State[Any]:
    """Create a run of this flow with the tags of this context, run the flow in it, and return its last state.

    The run is created under its name: a flow with a ``flow_run_name`` would change it by a request of its own.

    Raises what Prefect's client raises if the run cannot be created.
    """
    flow_run = await _create(flow, name, dict(parameters))
    with SyncClientContext.get_or_create():  # See Note [Prefect's blocking calls]
        running = run_flow(flow, flow_run=flow_run, parameters=dict(parameters), return_type="state")
        return await cast(Awaitable[State[Any]], running)  # our flows are coroutine functions


async def _create(flow: Flow[..., Any], name: str, parameters: dict[str, Any]) -> FlowRun:
    async with get_client() as client:
        tags = TagsContext.get().current_tags
        return await client.create_flow_run(
            flow, name=name, parameters=flow.serialize_parameters(parameters), tags=tags
        )
