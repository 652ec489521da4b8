"""Runs one flow run of a declared flow in this process. Usage: python -m apps.scheduled_run RUN_ID ENTRYPOINT

The worker has looked the entrypoint up; nothing that the server says of the run's deployment is loaded here.
"""

import asyncio
import inspect
import sys
from typing import Any
from uuid import UUID

from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow_run, run_flow

from apps.declared_deployments import flow_at


def run(run_id: UUID, entrypoint: str) -> None:
    """Run the flow to its end; how it ends is the exit code, as Prefect's own engine gives it."""
    with handle_engine_signals(run_id):
        flow_run = load_flow_run(run_id)
        running: Any = run_flow(flow_at(entrypoint), flow_run=flow_run)
        if inspect.iscoroutine(running):  # our flows are asynchronous
            asyncio.run(running)


if __name__ == "__main__":
    run(UUID(sys.argv[1]), sys.argv[2])
