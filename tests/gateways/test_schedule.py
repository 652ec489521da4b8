"""The schedule is that of prefect.yaml, and each time is computed in its own time zone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from gateways.schedule import Scheduled, scheduled

ROOT = Path(__file__).parents[2]


def test_the_schedule_is_that_of_prefect_yaml():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    with_schedule = [deployment for deployment in deployments if "schedules" in deployment]
    assert [(plan.name, plan.cron, plan.zone) for plan in scheduled()] == [
        (deployment["name"], deployment["schedules"][0]["cron"], deployment["schedules"][0]["timezone"])
        for deployment in with_schedule
    ]


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        ("30 3 * * *", "2026-03-02T03:29+08:00", "2026-03-02T03:30+08:00"),
        ("30 3 * * *", "2026-03-02T03:30+08:00", "2026-03-03T03:30+08:00"),
        ("0 7 * * *", "2026-12-31T23:00+00:00", "2027-01-02T07:00+08:00"),
        ("30 6 1 * *", "2026-12-01T06:30+08:00", "2027-01-01T06:30+08:00"),
    ],
)
def test_the_next_time_is_computed_in_the_time_zone_of_the_schedule(cron: str, after: str, due: str):
    plan = Scheduled("x", cron, "Asia/Shanghai")
    assert plan.after(datetime.fromisoformat(after)) == datetime.fromisoformat(due)


@pytest.mark.parametrize("name", ["integrity", "classifier-training", "forecast-training"])
def test_weekly_work_is_due_on_sundays_here_as_in_prefect(name: str):
    """APScheduler counts the days of a cron from Monday, Prefect from Sunday: the name of the day is one to both."""
    [plan] = [plan for plan in scheduled() if plan.name == name]
    due = plan.after(datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert (due.strftime("%A"), due.date().isoformat()) == ("Sunday", "2026-03-08")
