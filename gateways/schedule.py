"""Reads from ``prefect.yaml`` which work is scheduled, and computes when each piece is due next.

YAML and APScheduler, which loads asyncio, are imported when a schedule is first read: whoever needs only the name of a
deployment does not wait for them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

PREFECT_YAML = Path(__file__).resolve().parent.parent / "prefect.yaml"

OVERNIGHT, CALLBACK_PLAN, MORNING_REPORT = "overnight-escalation", "callback-plan", "morning-report"
COMPLAINT_ANALYSIS, PERIOD_REPORT, EVALUATION = "complaint-analysis", "period-report", "evaluation"
SUPERVISION = "supervision"
INTEGRITY, CATCH_UP = "integrity", "catch-up"
CLASSIFIER_TRAINING, FORECAST_TRAINING, CARE = "classifier-training", "forecast-training", "care"
"""The names of the deployments."""

PROCESS_WORK = frozenset({CATCH_UP})
"""Work that replaces an absent process: a simulated store has none, and a driver does not make up for it."""

REMEMBERED = 8
"""How many times of a cron are kept: a night looks back a day and ahead to the next one."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A deployment's name and its cron."""

    name: str
    cron: str
    zone: str

    def after(self, instant: datetime) -> datetime:
        """Return the first time the work is due after that instant."""
        return _course(self.cron, self.zone).after(instant)


@cache
def scheduled() -> tuple[Scheduled, ...]:
    """Return the scheduled deployments of ``prefect.yaml``, in its order."""
    import yaml

    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, a tenth of the time, where PyYAML was built with it
    deployments = yaml.load(PREFECT_YAML.read_text("utf-8"), safe)["deployments"]  # noqa: S506 (both are safe)
    rows = [(row["name"], schedule) for row in deployments for schedule in row.get("schedules", ())]
    return tuple(Scheduled(name, schedule["cron"], schedule["timezone"]) for name, schedule in rows)


def business_schedule() -> tuple[Scheduled, ...]:
    """Return the scheduled work on cases: what a simulated store runs, and what a driver makes up for."""
    return tuple(plan for plan in scheduled() if plan.name not in PROCESS_WORK)


class _Course:
    """The times of one cron. To compute the next one is slow, and a night asks for the same few again and again."""

    def __init__(self, cron: str, zone: str) -> None:
        from apscheduler.triggers.cron import CronTrigger  # pyright: ignore[reportMissingTypeStubs]

        self._trigger = cast(Any, CronTrigger).from_crontab(cron, ZoneInfo(zone))  # APScheduler has no type hints
        self._known: tuple[tuple[datetime, datetime], ...] = ()

    def after(self, instant: datetime) -> datetime:
        """Return the first time after that instant: the same for every instant since one that was asked for."""
        for since, due in self._known:
            if since <= instant < due:
                return due
        due = self._trigger.get_next_fire_time(None, instant + timedelta(microseconds=1))
        assert isinstance(due, datetime)  # a cron without a year has no last time
        self._known = ((instant, due), *self._known[: REMEMBERED - 1])
        return due


@cache
def _course(cron: str, zone: str) -> _Course:
    return _Course(cron, zone)
