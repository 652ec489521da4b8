"""Alerts wait for duty hours where the pack says so: told once, when the day begins, and not a try is lost (B6)."""

import asyncio
from datetime import timedelta

import pytest

from engine.timers.next_due import look
from flows.nights.overnight_escalation import escalate_overnight, report_morning
from flows.work import Work
from models.columns import from_micros
from tests.case_actions import HOUR, MICROSECOND, START, fired_steps_of, make_move, moves_of, new_case
from tests.editions import publishes
from tests.flows.scenes import ODD, FailingMailer, deliveries, drained, sent_mails

pytestmark = [pytest.mark.requirement("B6"), pytest.mark.usefixtures("awaited_are_not_told"), pytest.mark.any_database]

DAWN = timedelta(hours=24)
MIDNIGHT = HOUR * 15
"""In Shanghai, on the first day; the first reply of a case opened then is late after two in the morning."""
LATE = HOUR * 17 + MICROSECOND
"""The first instant after two in the morning."""


def held(work: Work) -> list[tuple[str, int]]:
    """Status and tries of the deliveries that tell of rungs and are not done."""
    return [
        (status, tries)
        for name, status, tries, _ in deliveries(work.store)
        if name == "tell_escalation_step" and status != "done"
    ]


@pytest.fixture
def night(work: Work) -> Work:
    """The pack keeps office hours for everybody above the handler, and a case is opened at midnight."""
    publishes(work.store, "alerts", calendar="cn-office", levels=[1, 2, 3])
    drained(work, MIDNIGHT)
    new_case(work.store, MIDNIGHT, text=ODD)
    return work


def test_a_rung_of_the_night_is_told_when_the_office_opens_and_once(night: Work):
    drained(night, LATE)
    assert [mail.to for mail in sent_mails(night)] == ["amy@example.com"], "the handler's reminder waits for nobody"
    assert held(night) == [("waiting", 0)]
    for hour in (18, 19, 20):
        drained(night, HOUR * hour)
    drained(night, DAWN - timedelta(microseconds=1))
    assert len(sent_mails(night)) == 1
    drained(night, DAWN)
    assert [mail.to for mail in sent_mails(night)][1:4] == ["sue@example.com", "mei@example.com", "gao@example.com"]
    drained(night, DAWN + HOUR / 2)
    keys = [mail.key for mail in sent_mails(night)]
    assert len(set(keys)) == len(keys)
    assert held(night) == []


def test_the_rung_itself_fires_at_its_hour(night: Work):
    drained(night, LATE)
    assert [
        percent for clause, percent, _ in fired_steps_of(night.store, "cp-26-000001") if clause == "first_reply"
    ] == [
        75,
        100,
    ]


def test_the_night_run_releases_nothing_early(night: Work):
    drained(night, HOUR * 18)
    before = len(sent_mails(night))
    asyncio.run(escalate_overnight(night))
    report = asyncio.run(report_morning(night))
    drained(night, HOUR * 18)
    assert report.late, "it stands in the report all the same"
    assert (len(sent_mails(night)), held(night)[0]) == (before, ("waiting", 0))


def test_the_alarm_is_set_to_the_opening_of_the_office(night: Work):
    drained(night, LATE)
    due = look(night.store, night.store.now()).delivery
    assert due is not None
    assert from_micros(due) == START + DAWN


def test_a_pass_that_only_waits_has_delivered_nothing(night: Work):
    drained(night, HOUR * 17)
    assert drained(night, LATE) == 1, "the rung that fired; what waits counts for nothing, else it would pass again"


def test_a_level_that_the_pack_does_not_spare_hears_of_it_at_night(work: Work):
    publishes(work.store, "alerts", calendar="cn-office", levels=[2, 3])
    drained(work, MIDNIGHT)
    new_case(work.store, MIDNIGHT, text=ODD)
    drained(work, LATE)
    assert [mail.to for mail in sent_mails(work)] == ["amy@example.com", "sue@example.com"]
    drained(work, HOUR * 18)
    assert len(sent_mails(work)) == 2, "the manager sleeps"


def test_a_pack_whose_alert_hours_never_end_tells_at_any_hour(work: Work):
    publishes(work.store, "alerts", calendar="cn-hotline")
    drained(work, MIDNIGHT)
    new_case(work.store, MIDNIGHT, text=ODD)
    drained(work, LATE)
    assert [mail.to for mail in sent_mails(work)] == ["amy@example.com", "sue@example.com"]


def test_by_day_nothing_waits(night: Work):
    drained(night, DAWN)
    new_case(night.store, DAWN, text=ODD)
    drained(night, DAWN + HOUR * 2)
    assert held(night) == []


def test_what_was_settled_before_the_office_opened_is_told_to_nobody(night: Work):
    drained(night, LATE)
    make_move(night.store, "cp-26-000001", "withdraw", after=LATE)
    drained(night, DAWN)
    assert [mail.to for mail in sent_mails(night)] == ["amy@example.com"]
    assert held(night) == []
    assert moves_of(night.store, "cp-26-000001")[-1] == "withdraw"


def test_one_that_waited_has_all_its_tries_still(night: Work):
    night.mailer = FailingMailer(4, "sue@example.com")
    drained(night, LATE)
    assert held(night) == [("waiting", 0)]
    for seconds in (0, 10, 50, 210, 850):
        drained(night, DAWN + timedelta(seconds=seconds))
    assert [mail.to for mail in sent_mails(night)].count("sue@example.com") >= 1
    assert held(night) == []
