"""Serves the scheduled work: starts each run as a process of its own, with our code and an environment of its own.

Usage: python -m apps.night_worker [--limit N] [--deployments FILE]   (with the environment of `prefect_environment`)
See Note [What a worker runs] in apps/work_pools.py.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotFound
from prefect.states import Cancelled
from prefect.workers.base import BaseVariables, BaseWorker, BaseWorkerResult

from apps.declared_deployments import NIGHTS
from apps.prefect_server import POOL
from apps.prefect_settings import worker_environment
from apps.work_pools import NIGHTS_TYPE, TEMPLATE, FixedConfiguration, declared_deployment

CANCEL_SECONDS = 5.0
"""How often a worker asks whether the run that it waits for was cancelled."""


class NightWorker(BaseWorker[FixedConfiguration, BaseVariables, BaseWorkerResult]):
    """Starts the runs of declared deployments as processes."""

    type = NIGHTS_TYPE
    job_configuration = FixedConfiguration
    _description = "Runs the scheduled work of closeloop, each run in a process of its own."
    declared: Path = NIGHTS
    """The file that declares the deployments whose runs are started."""

    async def run(
        self,
        flow_run: FlowRun,
        configuration: FixedConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """Run a flow in a process and wait for its end. Raises ``ForeignRun``."""
        declared = await declared_deployment(self.client, flow_run, self.declared)
        environment = worker_environment(os.environ) | {
            name: value for name, value in configuration.env.items() if value is not None
        }
        command = ["-m", "apps.scheduled_run", str(flow_run.id), declared.entrypoint]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        try:
            if task_status is not None:
                task_status.started(process.pid)
            cancelled = await self._ends_or_is_cancelled(process, flow_run)
        finally:
            await _end(process)
        if cancelled:
            await self.client.set_flow_run_state(flow_run.id, Cancelled(message="cancelled in the UI"), force=True)
        return BaseWorkerResult(status_code=0 if cancelled else process.returncode or 0, identifier=str(process.pid))

    async def _ends_or_is_cancelled(self, process: Process, flow_run: FlowRun) -> bool:
        """Wait for the end of a process; return whether somebody cancelled its run first."""
        ended = asyncio.create_task(process.wait())
        try:
            while not (await asyncio.wait([ended], timeout=CANCEL_SECONDS))[0]:
                with contextlib.suppress(httpx.HTTPError):  # a server that is away; the run goes on
                    state = (await self.client.read_flow_run(flow_run.id)).state
                    if state is not None and state.is_cancelling():
                        return True
            return False
        finally:
            ended.cancel()

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: FixedConfiguration,
        grace_seconds: int = 30,
    ) -> None:
        """Decline: a run that is asked to end before it begins finds that out when it begins."""
        raise InfrastructureNotFound(f"process {infrastructure_pid} has not begun its run")


async def _end(process: Process) -> None:
    """Kill a process that still runs, and all that it has started; the next run takes up what it leaves."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with anyio.CancelScope(shield=True):
        await process.wait()


async def serve(limit: int | None, declared: Path) -> None:
    """Serve the pool of the scheduled work until the process is asked to end."""
    worker = NightWorker(POOL, name=f"nights {os.getpid()}", limit=limit, base_job_template=TEMPLATE)
    worker.declared = declared
    serving = asyncio.create_task(worker.start())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int)
    parser.add_argument("--deployments", type=Path, default=NIGHTS)
    given = parser.parse_args()
    asyncio.run(serve(given.limit, given.deployments))


if __name__ == "__main__":
    main()
