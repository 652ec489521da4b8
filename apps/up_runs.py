"""The runs on a Prefect server: closes those that a killed driver left open, and reads how long ended ones are kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.client.schemas.filters import FlowRunFilter
from prefect.states import Crashed
from pydantic import TypeAdapter

from apps.prefect_client import prefect_client
from apps.prefect_settings import RETENTION

OURS = "closeloop"
VACUUMED = {"events", "flow_runs"}
_PERIOD = TypeAdapter(timedelta)
_RUN_RETENTION, _EVENT_RETENTION = RETENTION.values()


def close_abandoned(api_url: str) -> int:
    """Mark every run of ours that is still ``Running`` as crashed, which Prefect never does; returns how many.

    Call it before anything of ours runs. No work is lost: its rows are leased, and the next tick leases them again.
    """
    running = FlowRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING"]}}, "tags": {"all_": [OURS]}})
    with prefect_client(api_url) as client:
        runs = client.read_flow_runs(flow_run_filter=running)
        for run in runs:
            client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)
    return len(runs)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many whole days the server keeps ended runs and events, and whether it removes them at all.

    This is set in the server's environment and cannot be changed through its API.
    """

    run_days: int
    event_days: int
    vacuums: bool

    @property
    def ours(self) -> bool:
        """Whether it removes both, no later than our own settings would."""
        runs, events = timedelta(seconds=int(_RUN_RETENTION)).days, _PERIOD.validate_python(_EVENT_RETENTION).days
        return self.vacuums and self.run_days <= runs and self.event_days <= events


def read_retention(api_url: str) -> Retention:
    """Return the retention that the server at ``api_url`` was started with."""
    with prefect_client(api_url) as client:
        answer = client.request("GET", "/admin/settings")
    server: dict[str, Any] = answer.json()["server"]
    vacuum = server["services"]["db_vacuum"]
    enabled = vacuum["enabled"]
    return Retention(
        run_days=_days(vacuum["retention_period"]),
        event_days=_days(server["events"]["retention_period"]),
        vacuums=enabled is True or (isinstance(enabled, list) and set(enabled) >= VACUUMED),
    )


def _days(period: Any) -> int:
    return _PERIOD.validate_python(period).days
