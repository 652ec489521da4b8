"""The night finds a day ahead when nobody will be on duty: managers are told once, and the report names it (B11)."""

from datetime import timedelta

import pytest

from engine.create_store import set_clock
from flows.scheduled_work import run_scheduled
from flows.work import Work
from gateways.mail import Mail
from gateways.schedule import OVERNIGHT
from locales.translation import locales
from reports.morning_report import gather
from reports.morning_report_text import render
from tests.case_actions import DAY, MANAGER, START, SUPERVISOR
from tests.engine.duty.rosters import recorded, weekly
from tests.flows.scenes import sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.any_database]

NIGHT = timedelta(hours=17)
"""From ``START``, a Monday at nine in Shanghai, to two o'clock in the next night."""


def night(work: Work, day: int) -> list[Mail]:
    """Run the night after a day; return the mails about gaps up to then."""
    set_clock(work.store, START + DAY * day + NIGHT)
    run_in_one_thread(run_scheduled(work, OVERNIGHT))
    return [mail for mail in sent_mails(work) if mail.key.startswith("duty_gap:")]


def test_a_gap_is_told_once_and_a_day_before_it_begins(work: Work):
    recorded(work.store, weekly(SUPERVISOR, days="mon tue wed thu"))
    assert night(work, 0) == []
    [mail] = night(work, 1)
    assert (mail.to, "2026-03-06 00:00" in mail.body) == ("mei@example.com", True)
    assert night(work, 1) == night(work, 2) == night(work, 3) == [mail]


def test_the_morning_report_names_the_gap_until_somebody_stands_in(work: Work):
    recorded(work.store, weekly(SUPERVISOR, "08:00", "20:00"))
    at = START + NIGHT
    report = gather(work.store, at)
    assert [(gap.level, gap.ends_at - gap.starts_at) for gap in report.health.duty_gaps] == [
        (1, timedelta(hours=12)), (1, timedelta(hours=12)), (1, timedelta(hours=6)),
    ]  # fmt: skip
    assert not report.health.ok
    for locale in locales():
        assert "03-02 20:00–03-03 08:00" in render(report, locale)
    recorded(work.store, weekly(SUPERVISOR), at=START + NIGHT)
    assert gather(work.store, at + timedelta(hours=6)).health.ok


def test_whoever_is_away_and_has_a_stand_in_leaves_no_gap(work: Work):
    recorded(work.store, weekly(SUPERVISOR))
    with work.store.writing() as tx:
        tx.run("UPDATE actor SET absent_from = 0, absent_until = NULL WHERE handle = :handle", handle=SUPERVISOR)
    assert len(gather(work.store, START).health.duty_gaps) == 1
    with work.store.writing() as tx:
        tx.run("UPDATE actor SET deputy = :deputy WHERE handle = :handle", handle=SUPERVISOR, deputy=MANAGER)
    assert gather(work.store, START).health.duty_gaps == ()


def test_without_a_roster_nothing_is_said(work: Work):
    assert night(work, 0) == []
    assert gather(work.store, START + NIGHT).health.duty_gaps == ()
