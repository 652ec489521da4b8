"""Applies the deployments of `prefect.yaml` to a Prefect server through its API; Prefect's own CLI takes 8 s a call."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from apps.declared_deployments import NIGHTS, Deployment, Limit, read_deployments
from apps.prefect_client import prefect_client
from apps.prefect_server import ACTS_POOL
from apps.work_pools import ACTS_TYPE, NIGHTS_TYPE, TEMPLATE

OURS = "closeloop"  # the tag of the deployments that this module may delete


@dataclass(frozen=True)
class Applied:
    """The names ("flow/deployment") of what changed on the server and of what was there already."""

    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def ensure_pool_and_deployments(api_url: str, file: Path = NIGHTS) -> Applied:
    """Create, change and remove our deployments until the server has those of `file`.

    Equal ones are not touched: writing a deployment again deletes its scheduled runs, and would undo a pause that a
    supervisor has set in the UI.
    """
    wanted = read_deployments(file)
    changes: dict[str, list[str]] = {"made": [], "changed": [], "unchanged": [], "removed": []}
    with prefect_client(api_url) as client:
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
    """Create the pool, or give it our template, which accepts no job variables."""
    try:
        found = client.read_work_pool(name)
    except ObjectNotFound:
        worker_type = ACTS_TYPE if name == ACTS_POOL else NIGHTS_TYPE
        client.create_work_pool(WorkPoolCreate(name=name, type=worker_type, base_job_template=TEMPLATE))
    else:
        if found.base_job_template != TEMPLATE:
            client.update_work_pool(name, WorkPoolUpdate(base_job_template=TEMPLATE))


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


def _options(limit: Limit) -> ConcurrencyOptions:
    return ConcurrencyOptions.model_validate(limit.model_dump(exclude={"limit"}))


def _version(declared: Deployment) -> str:
    """Return a digest of the whole deployment, by which an equal one is recognised."""
    content = {**declared.model_dump(), "schema": declared.flow().parameters.model_dump(exclude_unset=True)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]
