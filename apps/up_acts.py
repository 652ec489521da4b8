"""Serves the acts of supervisors in one process that stays up, so that a run begins a second or two after the click.

A process worker starts a Python process for each run, which takes longer than most acts. This worker runs them itself,
each in the event loop of this process. Usage: python -m apps.up_acts (with the environment of `prefect_environment`).
"""

import asyncio
import contextlib
import logging
import os
import signal
from typing import Any, cast

import anyio.abc
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_WORKER_QUERY_SECONDS, temporary_settings
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from apps.declared_deployments import NIGHTS
from apps.prefect_server import ACTS_POOL
from apps.work_pools import ACTS_TYPE, FixedConfiguration, declared_flow
from engine.settings import Settings
from flows.deployments.house_choices import HouseChoices, house_choices, with_choices

QUERY_SECONDS = 1.0
REFRESH_SECONDS = 10.0
"""How often the store is asked whether the departments and people have changed."""

_log = logging.getLogger(__name__)


class ActsWorker(BaseWorker[FixedConfiguration, BaseVariables, BaseWorkerResult]):
    """Runs the flows of operator actions in this process. See Note [What a worker runs]."""

    type = ACTS_TYPE
    job_configuration = FixedConfiguration
    _description = "Runs the acts of supervisors in a closeloop process that stays up."

    async def run(
        self,
        flow_run: FlowRun,
        configuration: FixedConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """Run the flow of a deployment to its end. A state in which it ends is no fault of this worker."""
        flow = await declared_flow(self.client, flow_run, NIGHTS)
        if task_status is not None:
            task_status.started(os.getpid())
        await cast(Any, run_flow(flow, flow_run=flow_run, return_type="state"))
        return BaseWorkerResult(status_code=0, identifier=f"{os.getpid()}")


async def serve(settings: Settings) -> None:
    """Serve the acts until cancelled."""
    import flows.deployments.operator_flows  # noqa: F401 (imported now, the first act does not wait for it)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_choices(settings))
        with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: QUERY_SECONDS}):
            await ActsWorker(ACTS_POOL, name=f"acts {os.getpid()}", prefetch_seconds=0).start()


async def _keep_choices(settings: Settings) -> None:
    """Bring the departments and people of the house into the forms, now and whenever they change."""
    brought: HouseChoices | None = None
    async with get_client() as client:
        while True:
            try:
                with contextlib.closing(settings.store()) as store:
                    current = await asyncio.to_thread(house_choices, store)
                if current != brought:
                    await bring_choices(client, current)
                    brought = current
            except Exception as error:  # noqa: BLE001 (a server that is away; the next round tries it again)
                _log.warning("The choices of the forms could not be brought up to date: %s", type(error).__name__)
            await asyncio.sleep(REFRESH_SECONDS)


async def bring_choices(client: PrefectClient, house: HouseChoices) -> list[str]:
    """Bring the choices of the house into the forms of all acts on a server; return the names of those that changed."""
    ours = DeploymentFilter.model_validate({"tags": {"all_": ["closeloop", "act"]}})
    changed = list[str]()
    for act in await client.read_deployments(deployment_filter=ours):
        before: dict[str, Any] = act.parameter_openapi_schema or {}
        after = with_choices(before, house)
        if after != before:
            await client.update_deployment(act.id, DeploymentUpdate(parameter_openapi_schema=after))
            changed.append(act.name)
    return changed


async def run(settings: Settings) -> None:
    """Serve the acts until the process is asked to end."""
    serving = asyncio.create_task(serve(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    asyncio.run(run(Settings()))
