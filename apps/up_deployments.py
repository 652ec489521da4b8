"""The nights of `prefect.yaml`, put on a Prefect server through its API: the command line takes 8 s a call."""

import hashlib
import importlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker
from pydantic import BaseModel, ConfigDict

NIGHTS = Path(__file__).resolve().parent.parent / "prefect.yaml"
OURS = "closeloop"  # the tag of deployments that this file may delete


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt key is an error, not a night that never comes


class _Cron(_Strict):
    cron: str
    timezone: str


class _Pool(_Strict):
    name: str


class _Limit(_Strict):
    limit: int
    collision_strategy: str
    grace_period_seconds: int


class Night(_Strict):
    """One deployment of the file."""

    name: str
    description: str
    entrypoint: str
    tags: list[str]
    schedules: list[_Cron]
    work_pool: _Pool
    concurrency_limit: _Limit
    parameters: dict[str, Any] = {}

    def flow(self) -> "Flow[..., Any]":
        module, _, name = self.entrypoint.rpartition(".")
        found = getattr(importlib.import_module(module), name, None)
        if not isinstance(found, Flow):
            raise TypeError(f"Deployment {self.name}: {self.entrypoint} is no flow. Correct prefect.yaml.")
        return found


@dataclass(frozen=True)
class Applied:
    """Names ("flow/deployment") of what changed on the server and what stood there already."""

    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def read_nights(file: Path = NIGHTS) -> list[Night]:
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [Night.model_validate(entry) for entry in written["deployments"]]


def ensure_pool_and_deployments(api_url: str, file: Path = NIGHTS) -> Applied:
    """Make the server hold what `file` says and nothing else of ours.

    What is equal is not touched: writing a deployment again throws its scheduled runs away, and would
    undo a pause that a supervisor has set in the UI.
    """
    nights = read_nights(file)
    changes: dict[str, list[str]] = {"made": [], "changed": [], "unchanged": [], "removed": []}
    with SyncPrefectClient(api_url) as client:
        for pool in sorted({night.work_pool.name for night in nights}):
            _ensure_pool(client, pool)
        kept = set[UUID]()
        for night in nights:
            what, deployment = _ensure_deployment(client, night)
            kept.add(deployment)
            changes[what].append(_full_name(night))
        ours = DeploymentFilter.model_validate({"tags": {"all_": [OURS]}})
        for found in client.read_deployments(deployment_filter=ours):
            if found.id not in kept:
                client.delete_deployment(found.id)
                changes["removed"].append(found.name)
    return Applied(**{what: tuple(names) for what, names in changes.items()})


def _full_name(night: Night) -> str:
    return f"{night.flow().name}/{night.name}"


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type=ProcessWorker.type, base_job_template=template))


def _ensure_deployment(client: SyncPrefectClient, night: Night) -> tuple[str, UUID]:
    found: DeploymentResponse | None = None
    version = _version(night)
    with suppress(ObjectNotFound):
        found = client.read_deployment_by_name(_full_name(night))
    if found and found.version == version:
        return "unchanged", found.id
    flow = night.flow()
    limit = night.concurrency_limit
    deployment = client.create_deployment(  # also writes over an older one
        flow_id=client.create_flow_from_name(flow.name),
        name=night.name,
        version=version,
        description=night.description,
        entrypoint=night.entrypoint,  # a module path: the packages are installed where the worker runs
        tags=sorted({OURS, *night.tags}),
        schedules=[
            DeploymentScheduleCreate(schedule=CronSchedule(cron=each.cron, timezone=each.timezone), active=True)
            for each in night.schedules
        ],
        work_pool_name=night.work_pool.name,
        concurrency_limit=limit.limit,
        concurrency_options=ConcurrencyOptions.model_validate(limit.model_dump(exclude={"limit"})),
        parameters=night.parameters,
        parameter_openapi_schema=flow.parameters.model_dump(exclude_unset=True),
        enforce_parameter_schema=True,
    )
    return ("changed" if found else "made"), deployment


def _version(night: Night) -> str:
    """A digest of everything that is written, so that an equal deployment is known by its version."""
    written = {**night.model_dump(), "schema": night.flow().parameters.model_dump(exclude_unset=True)}
    return hashlib.sha256(json.dumps(written, sort_keys=True, default=str).encode()).hexdigest()[:12]
