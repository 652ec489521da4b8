"""When scheduled work is due, as ``prefect.yaml`` says. Imports nothing of the work itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from apscheduler.triggers.cron import CronTrigger

PREFECT_YAML = Path(__file__).resolve().parents[2] / "prefect.yaml"

OVERNIGHT, CALLBACK_PLAN, MORNING_REPORT = "overnight-escalation", "callback-plan", "morning-report"
COMPLAINT_ANALYSIS = "complaint-analysis"
INTEGRITY, CATCH_UP = "integrity", "catch-up"
CLASSIFIER_TRAINING = "classifier-training"

OF_PROCESSES = frozenset({CATCH_UP})
"""Work about processes that are away: nothing for a simulated store, nor for the driver to make up for."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment's name and its cron."""

    name: str
    cron: str
    zone: str

    def after(self, instant: datetime) -> datetime:
        """The first time it is due after that instant."""
        return _next(self.cron, self.zone, instant)


@cache
def scheduled() -> tuple[Scheduled, ...]:
    """What ``prefect.yaml`` schedules."""
    found = yaml.safe_load(PREFECT_YAML.read_text("utf-8"))["deployments"]
    rows = [(row["name"], schedule) for row in found for schedule in row.get("schedules", ())]
    return tuple(Scheduled(name, schedule["cron"], schedule["timezone"]) for name, schedule in rows)


def lived_nights() -> tuple[Scheduled, ...]:
    """What a simulated store lives, and what a driver makes up for."""
    return tuple(plan for plan in scheduled() if plan.name not in OF_PROCESSES)


@cache
def _trigger(cron: str, zone: str) -> CronTrigger:
    return CronTrigger.from_crontab(cron, ZoneInfo(zone))


@lru_cache(maxsize=1024)
def _next(cron: str, zone: str, instant: datetime) -> datetime:
    """The same few instants are asked for all night long, and reading a cron is slow."""
    found = _trigger(cron, zone).get_next_fire_time(None, instant + timedelta(microseconds=1))
    assert found is not None  # a cron without a year never ends
    return found
