"""Late runs that wait for a worker together do not lock the server out, whose database on SQLite has one writer."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server, worker
from engine.clock import system_now
from tests.prefect_side.test_nights import night, written

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.long]

NAMES = ("first", "second", "third")
ENDED = {"Completed", "Failed", "Crashed", "Cancelled"}
PATIENCE, STALL = 240.0, 20.0
"""The lock-out took sixty seconds at least; a busy machine takes a few for a write."""


def test_writes_go_on_while_late_runs_are_made_up_for(
    server: Server, client: "SyncPrefectClient", home: Path, tmp_path: Path
):
    from prefect.states import Scheduled

    from apps.up_deployments import ensure_pool_and_deployments

    declared = written(tmp_path, *(night(name, "morning") for name in NAMES))
    ensure_pool_and_deployments(server.api_url, declared)
    ids = [client.read_deployment_by_name(f"sample-morning/{name}").id for name in NAMES]
    late = Scheduled(scheduled_time=system_now() - timedelta(hours=8))
    runs = [client.create_flow_run_from_deployment(each, state=late).id for each in ids]
    slowest, deadline = 0.0, time.monotonic() + PATIENCE
    with worker(home, server.api_url, declared) as child:
        while not set(states := [state_of(client, run) for run in runs]) <= ENDED:
            began = time.monotonic()
            server.takes_writes()
            slowest = max(slowest, time.monotonic() - began)
            assert time.monotonic() < deadline, child.log.read_text()
    assert states == ["Completed"] * len(NAMES)
    assert slowest < STALL


def state_of(client: "SyncPrefectClient", run: Any) -> str | None:
    return client.read_flow_run(run).state_name
