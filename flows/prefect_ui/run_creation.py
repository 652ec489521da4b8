"""Creates a flow run and runs its flow, without the long pauses of Prefect's client when the server is busy."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

import httpx
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import SyncClientContext, TagsContext
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

# Note [A busy SQLite server]
# Prefect's server on SQLite answers 503 at once when two of its transactions meet, and its client then waits two
# seconds before it tries again, unless the answer says how long to wait. It is the creation of a run that meets the
# writes of the run before it, and a driver waits less than a second for a run to begin. So the run is created here, by
# a client that reads a short wait in such answers, before the flow begins.

# Note [Prefect's blocking calls]
# Prefect's engine reads the server's default result storage by a blocking client, which it does not close: the process
# would keep a connection of each run until its garbage is collected. Inside a context of Prefect's it takes the
# context's client instead, which is closed with the context.

BUSY = 503
RETRIES = 20
PAUSE_SECONDS = "0.05"


async def run_created(flow: Flow[..., Any], name: str, parameters: Mapping[str, Any]) -> State[Any]:
    """Create a run of this flow with the tags of this context, run the flow in it, and return its last state.

    The run is created under its name: a flow with a ``flow_run_name`` would change it by a request of its own.

    Raises what Prefect's client raises if the run cannot be created. See Note [A busy SQLite server].
    """
    flow_run = await _create(flow, name, dict(parameters))
    with SyncClientContext.get_or_create():  # See Note [Prefect's blocking calls]
        running = run_flow(flow, flow_run=flow_run, parameters=dict(parameters), return_type="state")
        return await cast(Awaitable[State[Any]], running)  # our flows are coroutine functions


async def _create(flow: Flow[..., Any], name: str, parameters: dict[str, Any]) -> FlowRun:
    with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: RETRIES}):
        async with get_client(httpx_settings=SOON) as client:
            tags = TagsContext.get().current_tags
            serialized = flow.serialize_parameters(parameters)
            return await client.create_flow_run(flow, name=name, parameters=serialized, tags=tags)


async def _try_soon(response: httpx.Response) -> None:
    if response.status_code == BUSY:
        response.headers.setdefault("Retry-After", PAUSE_SECONDS)


SOON: Final[dict[str, Any]] = {"event_hooks": {"response": [_try_soon]}}
"""The settings of a client that soon asks a busy server again."""
