"""Reads the deployments that `prefect.yaml` declares, and their flows."""

import importlib
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from pydantic import BaseModel, ConfigDict, model_validator

NIGHTS = Path(__file__).resolve().parent.parent / "prefect.yaml"
STARTED_BY_OTHERS = {"act", "alert"}
"""The tags of deployments without a schedule: people or automations start them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a misspelt key is an error, not a night that never runs


class _Cron(_Strict):
    cron: str
    timezone: str


class _Pool(_Strict):
    name: str


class Limit(_Strict):
    """How many runs of a deployment there may be at once, and what becomes of one too many."""

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
    concurrency_limit: Limit | None = None

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
        """Return the flow of the entrypoint. Raises ``TypeError``."""
        try:
            return flow_at(self.entrypoint)
        except TypeError as error:
            raise TypeError(f"Deployment {self.name}: {error}") from None


def flow_at(entrypoint: str) -> "Flow[..., Any]":
    """Return the flow at ``module.name``. Raises ``TypeError``."""
    module, _, name = entrypoint.rpartition(".")
    found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, Flow):
        raise TypeError(f"{entrypoint} is no flow. Correct prefect.yaml.")
    return found


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
