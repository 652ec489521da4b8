"""The nights: read from prefect.yaml, caught up when they were missed, safe to run twice, and needing no driver."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from engine.anchoring import published
from engine.founding import set_clock
from flows.nights import BODIES, Scheduled, overdue, run_scheduled, scheduled
from flows.overnight_escalation import Night
from flows.work import Work
from tests.flows.scenes import ODD, imported, sent, settled
from tests.telling import DAY, HOUR, START, alters, opened, resolved, rungs_of, tells

ROOT = Path(__file__).parents[2]
GRACE = timedelta(minutes=20)


def night(work: Work, after: timedelta, name: str = "overnight-escalation") -> object:
    set_clock(work.store, START + after)
    return asyncio.run(run_scheduled(work, name))


def test_they_are_what_prefect_yaml_says():
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert [(plan.name, plan.cron, plan.zone) for plan in scheduled()] == [
        (one["name"], one["schedules"][0]["cron"], one["schedules"][0]["timezone"]) for one in written
    ]
    assert {plan.name for plan in scheduled()} == set(BODIES)


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        ("30 3 * * *", "2026-03-02T03:29+08:00", "2026-03-02T03:30+08:00"),
        ("30 3 * * *", "2026-03-02T03:30+08:00", "2026-03-03T03:30+08:00"),
        ("0 7 * * *", "2026-12-31T23:00+00:00", "2027-01-02T07:00+08:00"),
    ],
)
def test_the_hour_is_that_of_its_zone(cron: str, after: str, due: str):
    plan = Scheduled("x", cron, "Asia/Shanghai")
    assert plan.after(datetime.fromisoformat(after)) == datetime.fromisoformat(due)


def test_each_deployment_leads_to_a_flow_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    from apps.up_deployments import read_nights

    nights = read_nights()
    assert [one.flow().name for one in nights] == [one.name for one in nights] == [plan.name for plan in scheduled()]


def test_a_night_fires_plans_checks_anchors_and_reports_without_a_driver(work: Work):
    late = opened(work.store, text=ODD)
    resolved(work.store, text=ODD)
    done = night(work, HOUR * 18.5)
    assert isinstance(done, Night)
    assert len(rungs_of(work.store, late)) == 5
    assert (done.swept.did, done.planned, done.verdict.ok) == (5, 1, True)
    assert [one.number for one in done.report.became_late] == [late]
    assert len(published(work.store).read_text("utf-8").splitlines()) == 1
    [run] = tells(work.store, "SELECT flow, did, observed, note FROM run")
    assert (run["flow"], run["did"], bool(run["observed"]), run["note"]) == ("overnight-escalation", 6, True, "{}")


def test_a_night_that_runs_twice_escalates_nothing_twice(work: Work):
    late = opened(work.store, text=ODD)
    night(work, HOUR * 18.5)
    before = rungs_of(work.store, late)
    again = night(work, HOUR * 18.5)
    assert isinstance(again, Night)
    assert (again.did, rungs_of(work.store, late)) == (0, before)


def test_a_night_finds_what_was_tampered_with(work: Work):
    opened(work.store, text=ODD)
    alters(work.store, "UPDATE transition SET form = '{}'")
    done = night(work, HOUR * 18.5)
    assert isinstance(done, Night)
    assert (1, "hash") in [(fault.seq, fault.what) for fault in done.verdict.faults]


def missed(work: Work, after: timedelta) -> list[str]:
    set_clock(work.store, START + after)
    return overdue(work, START + after, GRACE)


def test_a_missed_night_is_overdue_after_its_grace_and_until_it_ran(work: Work):
    night(work, HOUR * 18.5)  # 03:30 in Shanghai
    for name in ("callback-plan", "morning-report"):
        night(work, DAY + HOUR * 18.5, name)
    assert missed(work, DAY + HOUR * 18.5 + GRACE - timedelta(seconds=1)) == []
    assert missed(work, DAY + HOUR * 18.5 + GRACE) == ["overnight-escalation"]
    night(work, DAY + HOUR * 18.5 + GRACE)
    assert missed(work, DAY + HOUR * 19) == []


def test_a_week_without_nights_is_caught_up_once(work: Work):
    for name in BODIES:
        night(work, HOUR * 22.5, name)
    late = opened(work.store, HOUR * 23, text=ODD)
    assert missed(work, DAY * 8) == [plan.name for plan in scheduled()]
    for name in missed(work, DAY * 8):
        night(work, DAY * 8, name)
    assert missed(work, DAY * 8) == []
    assert len(rungs_of(work.store, late)) == 8


def test_a_store_whose_first_night_never_came_misses_it(work: Work):
    """A new house with a driver and without Prefect has its nights all the same."""
    assert missed(work, HOUR * 18) == []
    assert missed(work, HOUR * 19) == ["overnight-escalation"]
    assert missed(work, DAY) == [plan.name for plan in scheduled()]


def test_history_is_told_in_one_mail_the_next_morning(work: Work):
    numbers = [imported(work.store, HOUR, DAY, row_id=str(n), text=ODD) for n in range(5)]
    settled(work, DAY)
    assert sent(work) == []
    night(work, DAY * 2, "morning-report")
    assert sorted(mail.to for mail in sent(work)) == [f"{who}@example.com" for who in ("gao", "han", "mei", "sue")]
    assert all(number in mail.body for number in numbers for mail in sent(work))
    count = len(sent(work))
    night(work, DAY * 2, "morning-report")
    assert len(sent(work)) == count
