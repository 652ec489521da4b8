"""Closes runs that a killed driver left open: Prefect itself never would."""

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.states import Crashed

OURS = "closeloop"


def close_abandoned(api_url: str) -> int:
    """Mark every run of ours that is still ``Running`` as crashed; to be called before anything of ours runs.

    The work itself is not lost: its rows are leased, and the next pass takes them again.
    """
    wanted = FlowRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING"]}}, "tags": {"all_": [OURS]}})
    with SyncPrefectClient(api_url) as client:
        found = client.read_flow_runs(flow_run_filter=wanted)
        for run in found:
            client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)
    return len(found)
