"""The nights: read from prefect.yaml, caught up when they were missed, safe to run twice, and needing no driver."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.create_store import set_clock
from engine.ledger.anchoring import published
from engine.runs import hold
from flows.nights.overnight_escalation import Night, report_morning
from flows.scheduled_work import BODIES, overdue, run_late, run_scheduled, watch_scheduled
from flows.work import Work
from gateways.schedule import business_schedule, scheduled
from tests.case_actions import DAY, HOUR, START, execute_sql, fired_steps_of, new_case, new_resolved_case, query_rows
from tests.flows.scenes import ODD, Watching, drained, imported, sent_mails

ROOT = Path(__file__).parents[2]
GRACE = timedelta(minutes=20)
NIGHTLY = ["overnight-escalation", "care", "callback-plan", "morning-report"]
MONTHLY = "complaint-analysis"
FIRST_OF_APRIL = timedelta(days=29, hours=21.5)
"""From ``START`` to 06:30 in Shanghai."""


def night(work: Work, after: timedelta, name: str = "overnight-escalation") -> object:
    set_clock(work.store, START + after)
    return asyncio.run(run_scheduled(observed(work), name))


def observed(work: Work) -> Work:
    """The tools of a run that Prefect shows."""
    return replace(work, run_id="a-run")


def test_every_scheduled_deployment_has_its_work_and_no_other():
    assert {plan.name for plan in scheduled()} == set(BODIES)


def test_each_deployment_leads_to_a_flow_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    from apps.declared_deployments import read_nights

    nights = read_nights()
    assert [one.flow().name for one in nights] == [one.name for one in nights] == [plan.name for plan in scheduled()]


def test_a_night_fires_plans_checks_anchors_and_reports_without_a_driver(work: Work):
    late = new_case(work.store, text=ODD)
    new_resolved_case(work.store, text=ODD)
    done = night(work, HOUR * 18.5)
    assert isinstance(done, Night)
    assert len(fired_steps_of(work.store, late)) == 5
    assert (done.swept.did, done.planned, done.verdict.ok) == (5, 1, True)
    assert [one.number for one in asyncio.run(report_morning(work)).became_late] == [late]
    assert len(published(work.store).read_text("utf-8").splitlines()) == 2, "that of init and that of the night"
    [run] = query_rows(work.store, "SELECT flow, did, observed, note FROM run")
    assert (run["flow"], run["did"], bool(run["observed"]), run["note"]) == ("overnight-escalation", 6, True, "{}")


def test_a_night_that_runs_twice_escalates_nothing_twice(work: Work):
    late = new_case(work.store, text=ODD)
    night(work, HOUR * 18.5)
    before = fired_steps_of(work.store, late)
    again = night(work, HOUR * 18.5)
    assert isinstance(again, Night)
    assert (again.did, fired_steps_of(work.store, late)) == (0, before)


def test_a_night_finds_what_was_tampered_with(work: Work):
    new_case(work.store, text=ODD)
    execute_sql(work.store, "UPDATE transition SET form = '{}'")
    done = night(work, HOUR * 18.5)
    assert isinstance(done, Night)
    assert (1, "hash") in [(fault.seq, fault.what) for fault in done.verdict.faults]


def missed(work: Work, after: timedelta) -> list[str]:
    set_clock(work.store, START + after)
    return [late.name for late in overdue(work, START + after, GRACE)]


def test_a_missed_night_is_overdue_after_its_grace_and_until_it_ran(work: Work):
    night(work, HOUR * 18.5)  # 03:30 in Shanghai
    for name in ("care", "callback-plan", "morning-report"):
        night(work, DAY + HOUR * 18.5, name)
    assert missed(work, DAY + HOUR * 18.5 + GRACE - timedelta(seconds=1)) == []
    assert missed(work, DAY + HOUR * 18.5 + GRACE) == ["overnight-escalation"]
    night(work, DAY + HOUR * 18.5 + GRACE)
    assert missed(work, DAY + HOUR * 19) == []


def test_a_week_without_nights_is_caught_up_once(work: Work):
    for name in BODIES:
        night(work, HOUR * 22.5, name)
    late = new_case(work.store, HOUR * 23, text=ODD)
    weekly = ["integrity", "classifier-training", "forecast-training"]
    assert missed(work, DAY * 8) == [*NIGHTLY, *weekly], "the longest due first"
    for name in missed(work, DAY * 8):
        night(work, DAY * 8, name)
    assert missed(work, DAY * 8) == []
    assert len(fired_steps_of(work.store, late)) == 8


def test_a_store_whose_first_night_never_came_misses_it(work: Work):
    """A new house with a driver and without Prefect has its nights all the same."""
    assert missed(work, HOUR * 18) == []
    assert missed(work, HOUR * 19) == ["overnight-escalation"]
    assert missed(work, DAY) == NIGHTLY


def test_what_was_missed_is_made_up_for_in_the_order_in_which_it_was_due(work: Work):
    monthly = ["evaluation", "supervision", MONTHLY, "period-report"]
    assert missed(work, DAY * 31) == [*NIGHTLY, "integrity", "classifier-training", "forecast-training", *monthly]


@pytest.mark.requirement("B7")
def test_a_missed_month_is_made_up_for_once(work: Work):
    """A new house has nothing to make up for before its first first of a month."""
    assert MONTHLY not in missed(work, FIRST_OF_APRIL + GRACE - timedelta(seconds=1))
    assert MONTHLY in missed(work, FIRST_OF_APRIL + GRACE)
    assert MONTHLY in missed(work, FIRST_OF_APRIL + DAY * 3)
    night(work, FIRST_OF_APRIL + DAY * 3, MONTHLY)
    assert MONTHLY not in missed(work, FIRST_OF_APRIL + DAY * 30)
    assert MONTHLY in missed(work, FIRST_OF_APRIL + DAY * 31)


def test_of_late_runs_that_wait_for_a_worker_one_does_the_work(work: Work):
    """The worker was away for three nights: Prefect kept a late run for each of them."""
    set_clock(work.store, START + DAY * 3)
    due = [START + HOUR * 18.5 + DAY * day for day in range(3)]
    done = [asyncio.run(run_late(observed(work), "overnight-escalation", at)) for at in due]
    assert [isinstance(one, Night) for one in done] == [True, False, False]
    assert query_rows(work.store, "SELECT count(*) AS n FROM run") == [{"n": 1}]
    later = asyncio.run(run_late(observed(work), "overnight-escalation", START + DAY * 3 + timedelta(seconds=1)))
    assert isinstance(later, Night), "what is asked for now is done now"


def test_a_worker_that_comes_too_late_finds_the_work_done(work: Work):
    """After the grace the driver did it, seen; the worker's run, still due, does it no second time."""
    set_clock(work.store, START + HOUR * 18.5 + GRACE)
    work.observer = Watching()
    [late] = overdue(work, work.store.now(), GRACE)
    asyncio.run(watch_scheduled(work, late.name))
    assert asyncio.run(run_late(observed(work), late.name, late.due)) is None


def test_a_late_run_shows_what_was_done_unseen(work: Work):
    """Without a server the driver did the night and left nothing to read: the late run leaves it."""
    set_clock(work.store, START + DAY)
    work.observer = Watching(there=False)
    asyncio.run(watch_scheduled(work, "morning-report"))
    late = asyncio.run(run_late(observed(work), "morning-report", START + HOUR * 22.5))
    assert late is not None


def caught_up(work: Work) -> object:
    return asyncio.run(run_scheduled(work, "catch-up"))


def test_without_a_driver_catch_up_does_what_is_due(work: Work):
    late = new_case(work.store, text=ODD)
    set_clock(work.store, START + HOUR * 5)
    assert caught_up(work) != 0
    assert [percent for _, percent, _ in fired_steps_of(work.store, late)] == [75, 100, 150, 200]
    assert caught_up(work) == 0


@pytest.mark.parametrize("name", ["driver", "driver:4711-ab"])
def test_while_a_driver_holds_its_lease_catch_up_does_nothing(work: Work, name: str):
    late = new_case(work.store, text=ODD)
    hold(work.store, name, "me", START + HOUR * 5, 30)
    set_clock(work.store, START + HOUR * 5)
    assert (caught_up(work), fired_steps_of(work.store, late)) == (0, [])
    set_clock(work.store, START + HOUR * 5 + timedelta(seconds=31))
    assert caught_up(work) != 0, "the driver's heart has stopped"


def test_neither_a_simulation_nor_a_driver_has_a_use_for_catch_up(work: Work):
    assert {plan.name for plan in scheduled()} - {plan.name for plan in business_schedule()} == {"catch-up"}
    assert "catch-up" not in missed(work, DAY * 30)


@pytest.mark.usefixtures("awaited_are_not_told")
def test_history_is_told_in_one_mail_the_next_morning(work: Work):
    work = replace(work, public_url="https://care.example.com")
    numbers = [imported(work.store, HOUR, DAY, row_id=str(n), text=ODD) for n in range(5)]
    drained(work, DAY)
    assert sent_mails(work) == []
    night(work, DAY * 2, "morning-report")
    assert sorted(mail.to for mail in sent_mails(work)) == [
        f"{who}@example.com" for who in ("amy", "gao", "gao", "mei", "sue")
    ], "the digest of each, and the reminder of the general manager, whom the cases ask now"
    assert all(number in mail.body for number in numbers for mail in sent_mails(work))
    [reminder] = [mail for mail in sent_mails(work) if mail.subject.startswith("今日催办")]
    assert all(f"  https://care.example.com/console/cases/{number}\n" in reminder.body for number in numbers)
    count = len(sent_mails(work))
    night(work, DAY * 2, "morning-report")
    assert len(sent_mails(work)) == count
