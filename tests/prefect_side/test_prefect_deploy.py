"""`prefect.yaml` is standard: plain Prefect makes the same deployments of it as `closeloop deploy`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.long]

ROOT = Path(__file__).parents[2]
COMPARED = (
    *("description", "entrypoint", "path", "pull_steps", "work_pool_name", "work_queue_name", "paused"),
    *("parameters", "parameter_openapi_schema", "enforce_parameter_schema", "job_variables"),
    *("concurrency_limit", "concurrency_options"),
)
"""Not the version: ours tells equal deployments apart, Prefect's is a digest of the source."""


def deployments(client: "SyncPrefectClient") -> dict[str, dict[str, Any]]:
    """Return every deployment on the server by its name, as far as it is declared."""
    declared: dict[str, dict[str, Any]] = {}
    for each in client.read_deployments(limit=200):
        fields = {name: getattr(each, name, None) for name in COMPARED}
        crons = sorted((str(one.schedule.model_dump()["cron"]), one.active) for one in each.schedules)
        flow = client.read_flow(each.flow_id).name
        declared[f"{flow}/{each.name}"] = fields | {"tags": sorted(each.tags), "crons": crons}
    return declared


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # fields that Prefect still sends
def test_plain_prefect_makes_the_same_deployments(server: Server, client: "SyncPrefectClient"):
    from apps.declared_deployments import read_deployments
    from apps.up_deployments import ensure_pool_and_deployments

    ensure_pool_and_deployments(server.api_url)
    ours = deployments(client)
    assert len(ours) == len(read_deployments())
    for each in client.read_deployments(limit=200):
        client.delete_deployment(each.id)
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployments(client) == ours
    again = ensure_pool_and_deployments(server.api_url)
    assert (again.made, again.removed) == ((), ())
