"""Reads from ``prefect.yaml`` which work is scheduled, and computes when each piece is due next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml
from apscheduler.triggers.cron import CronTrigger  # pyright: ignore[reportMissingTypeStubs]

PREFECT_YAML = Path(__file__).resolve().parent.parent / "prefect.yaml"

OVERNIGHT, CALLBACK_PLAN, MORNING_REPORT = "overnight-escalation", "callback-plan", "morning-report"
COMPLAINT_ANALYSIS = "complaint-analysis"
INTEGRITY, CATCH_UP = "integrity", "catch-up"
CLASSIFIER_TRAINING = "classifier-training"
"""The names of the deployments."""

PROCESS_WORK = frozenset({CATCH_UP})
"""Work that replaces an absent process: a simulated store has none, and a driver does not make up for it."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment's name and its cron."""

    name: str
    cron: str
    zone: str

    def after(self, instant: datetime) -> datetime:
        """Return the first time the work is due after that instant."""
        return _next(self.cron, self.zone, instant)


@cache
def scheduled() -> tuple[Scheduled, ...]:
    """Return the scheduled deployments of ``prefect.yaml``, in its order."""
    deployments = yaml.safe_load(PREFECT_YAML.read_text("utf-8"))["deployments"]
    rows = [(row["name"], schedule) for row in deployments for schedule in row.get("schedules", ())]
    return tuple(Scheduled(name, schedule["cron"], schedule["timezone"]) for name, schedule in rows)


def business_schedule() -> tuple[Scheduled, ...]:
    """Return the scheduled work on cases: what a simulated store runs, and what a driver makes up for."""
    return tuple(plan for plan in scheduled() if plan.name not in PROCESS_WORK)


@cache
def _trigger(cron: str, zone: str) -> Any:
    return cast(Any, CronTrigger).from_crontab(cron, ZoneInfo(zone))  # APScheduler has no type hints


@lru_cache(maxsize=1024)
def _next(cron: str, zone: str, instant: datetime) -> datetime:
    """Compute the next time of a cron. A night asks for the same few instants repeatedly, and a cron is slow."""
    due = _trigger(cron, zone).get_next_fire_time(None, instant + timedelta(microseconds=1))
    assert isinstance(due, datetime)  # a cron without a year has no last time
    return due
