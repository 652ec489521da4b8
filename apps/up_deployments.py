"""Applies the deployments of `prefect.yaml` to a Prefect server through its API; Prefect's own CLI takes 8 s a call."""

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
from pydantic import BaseModel, ConfigDict, model_validator

from apps.prefect_server import ACTS_POOL
from apps.up_acts import ActsWorker

NIGHTS = Path(__file__).resolve().parent.parent / "prefect.yaml"
OURS = "closeloop"  # the tag of the deployments that this module may delete
STARTED_BY_OTHERS = {"act", "alert"}
"""The tags of deployments without a schedule: people or automations start them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt key is an error, not a night that never runs


class _Cron(_Strict):
    cron: str
    timezone: str


class _Pool(_Strict):
    name: str


class _Limit(_Strict):
    limit: int
    collision_strategy: str
    grace_period_seconds: int


class Deployment(_Strict):
    """An entry of `prefect.yaml`; one without a schedule is started by hand or by an automation, as a tag says."""

    name: str
    description: str
    entrypoint: str
    tags: list[str]
    work_pool: _Pool
    parameters: dict[str, Any] = {}
    schedules: list[_Cron] = []
    concurrency_limit: _Limit | None = None

    @property
    def scheduled(self) -> bool:
        """Whether it has a schedule rather than somebody who starts it."""
        return not STARTED_BY_OTHERS & set(self.tags)

    @model_validator(mode="after")
    def _has_its_hours(self) -> "Deployment":
        if self.scheduled and not {"schedules", "concurrency_limit"} <= self.model_fields_set:
            raise ValueError(f"{self.name} has no schedules or no concurrency_limit: without them it never runs alone.")
        return self

    def flow(self) -> "Flow[..., Any]":
        """Return the flow of the entrypoint."""
        module, _, name = self.entrypoint.rpartition(".")
        found = getattr(importlib.import_module(module), name, None)
        if not isinstance(found, Flow):
            raise TypeError(f"Deployment {self.name}: {self.entrypoint} is no flow. Correct prefect.yaml.")
        return found


@dataclass(frozen=True)
class Applied:
    """The names ("flow/deployment") of what changed on the server and of what was there already."""

    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def read_deployments(file: Path = NIGHTS) -> list[Deployment]:
    """Return all deployments, in the order of the file."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [Deployment.model_validate(entry) for entry in document["deployments"]]


def read_nights(file: Path = NIGHTS) -> list[Deployment]:
    """Return the scheduled deployments."""
    return [deployment for deployment in read_deployments(file) if deployment.scheduled]


def read_acts(file: Path = NIGHTS) -> list[Deployment]:
    """Return the deployments that people or automations start."""
    return [deployment for deployment in read_deployments(file) if not deployment.scheduled]


def ensure_pool_and_deployments(api_url: str, file: Path = NIGHTS) -> Applied:
    """Create, change and remove our deployments until the server has those of `file`.

    Equal ones are not touched: writing a deployment again deletes its scheduled runs, and would undo a pause that a
    supervisor has set in the UI.
    """
    wanted = read_deployments(file)
    changes: dict[str, list[str]] = {"made": [], "changed": [], "unchanged": [], "removed": []}
    with SyncPrefectClient(api_url) as client:
        for pool in sorted({declared.work_pool.name for declared in wanted}):
            _ensure_pool(client, pool)
        kept = set[UUID]()
        for declared in wanted:
            change, deployment = _ensure_deployment(client, declared)
            kept.add(deployment)
            changes[change].append(_full_name(declared))
        ours = DeploymentFilter.model_validate({"tags": {"all_": [OURS]}})
        for found in client.read_deployments(deployment_filter=ours):
            if found.id not in kept:
                client.delete_deployment(found.id)
                changes["removed"].append(found.name)
    return Applied(**{change: tuple(names) for change, names in changes.items()})


def _full_name(declared: Deployment) -> str:
    return f"{declared.flow().name}/{declared.name}"


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    worker = ActsWorker if name == ACTS_POOL else ProcessWorker
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = worker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type=worker.type, base_job_template=template))


def _ensure_deployment(client: SyncPrefectClient, declared: Deployment) -> tuple[str, UUID]:
    found: DeploymentResponse | None = None
    version = _version(declared)
    with suppress(ObjectNotFound):
        found = client.read_deployment_by_name(_full_name(declared))
    if found and found.version == version:
        return "unchanged", found.id
    flow = declared.flow()
    limit = declared.concurrency_limit
    deployment = client.create_deployment(  # also writes over an older one
        flow_id=client.create_flow_from_name(flow.name),
        name=declared.name,
        version=version,
        description=declared.description,
        entrypoint=declared.entrypoint,  # a module path: the packages are installed where the worker runs
        tags=sorted({OURS, *declared.tags}),
        schedules=[
            DeploymentScheduleCreate(schedule=CronSchedule(cron=each.cron, timezone=each.timezone), active=True)
            for each in declared.schedules
        ],
        work_pool_name=declared.work_pool.name,
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=_options(limit) if limit else None,
        parameters=declared.parameters,
        parameter_openapi_schema=flow.parameters.model_dump(exclude_unset=True),
        enforce_parameter_schema=True,
    )
    return ("changed" if found else "made"), deployment


def _options(limit: _Limit) -> ConcurrencyOptions:
    return ConcurrencyOptions.model_validate(limit.model_dump(exclude={"limit"}))


def _version(declared: Deployment) -> str:
    """Return a digest of the whole deployment, by which an equal one is recognised."""
    content = {**declared.model_dump(), "schema": declared.flow().parameters.model_dump(exclude_unset=True)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
