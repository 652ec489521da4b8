"""Reads how long a Prefect server keeps its runs and events: that is set in its environment, never through its API."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from pydantic import TypeAdapter

from apps.prefect_settings import RETENTION

VACUUMED = {"events", "flow_runs"}
_PERIOD = TypeAdapter(timedelta)
_WANTED_RUNS, _WANTED_EVENTS = RETENTION.values()


@dataclass(frozen=True, slots=True)
class Retention:
    """How many whole days the server keeps what is over, and whether it ever removes it."""

    run_days: int
    event_days: int
    vacuums: bool

    @property
    def ours(self) -> bool:
        """Whether it removes both, no later than we would."""
        runs, events = timedelta(seconds=int(_WANTED_RUNS)).days, _PERIOD.validate_python(_WANTED_EVENTS).days
        return self.vacuums and self.run_days <= runs and self.event_days <= events


def read_retention(api_url: str) -> Retention:
    """What the server at ``api_url`` was started with."""
    with SyncPrefectClient(api_url) as client:
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
