"""Whoever is asked for an overdue case is reminded of it every day until the promise is met (B11)."""

import asyncio
import re
from datetime import date, timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from flows.nights.reminders import send_reminders
from flows.scheduled_work import run_scheduled
from flows.work import Work
from gateways.mail import FileMailer, Mail
from gateways.schedule import MORNING_REPORT
from reports.notices import notices
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HOUR, START, execute_sql, make_move, new_case
from tests.editions import publishes
from tests.flows.scenes import ODD, FailingMailer, drained, sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.usefixtures("awaited_are_not_told"), pytest.mark.any_database]

MORNING = timedelta(hours=22.5)
"""From ``START`` to 07:30 in Shanghai on the next day."""


def reminders(work: Work, handle: str = "") -> list[Mail]:
    return [mail for mail in sent_mails(work) if re.fullmatch(rf"reminder:.*:{handle or '.*'}", mail.key)]


def morning(work: Work, day: int, after: timedelta = timedelta()) -> None:
    set_clock(work.store, START + MORNING + DAY * day + after)
    run_in_one_thread(run_scheduled(work, MORNING_REPORT))


def lived(work: Work, days: int) -> None:
    """Live through whole days, with a morning report on each."""
    for hour in range(24 * days):
        at = HOUR * hour
        drained(work, at)
        if at % DAY == HOUR * 22:
            morning(work, at // DAY)


def test_a_fortnight_in_which_nobody_acts_is_one_notice_a_level_and_one_reminder_a_day(work: Work):
    numbers = [new_case(work.store, text=ODD) for _ in range(3)]
    lived(work, 14)
    notices_to = [mail for mail in sent_mails(work) if mail.to == "gao@example.com" and "reminder" not in mail.key]
    assert sorted(number for mail in notices_to for number in numbers if number in mail.subject) == numbers
    daily = reminders(work, "gao")
    assert [mail.key.split(":")[1] for mail in daily] == [str(date(2026, 3, 3) + timedelta(day)) for day in range(14)]
    assert all(number in mail.body for mail in daily for number in numbers)
    assert reminders(work) == daily, "the case asks nobody else"
    for handle in ("amy", "sue", "mei"):
        assert len([mail for mail in sent_mails(work) if mail.to == f"{handle}@example.com"]) == 3, handle


def test_the_reminder_ends_when_the_promises_are_met(work: Work):
    number = new_case(work.store, text=ODD)
    lived(work, 2)
    before = len(reminders(work))
    make_move(work.store, number, "reply", by=AGENT, after=2 * DAY)
    make_move(work.store, number, "propose_solution", by=AGENT, after=2 * DAY)
    morning(work, 2)
    assert len(reminders(work)) == before > 0


def test_a_morning_that_runs_twice_reminds_once(work: Work):
    new_case(work.store, text=ODD)
    lived(work, 2)
    for _ in range(2):
        morning(work, 2)
    assert len(reminders(work)) == 3


def test_somebody_who_was_asked_this_morning_is_not_reminded_as_well(work: Work):
    new_case(work.store, text=ODD)
    drained(work, HOUR * 20)
    drained(work, HOUR * 22)
    set_clock(work.store, START + HOUR * 22)
    asked = [mail.to for mail in sent_mails(work)]
    asyncio.run(send_reminders(work))
    assert [mail.to for mail in reminders(work) if mail.to in asked] == []


def test_the_pack_says_how_often(work: Work):
    publishes(work.store, "alerts", remind_days=3)
    new_case(work.store, text=ODD)
    lived(work, 9)
    assert [mail.key.split(":")[1] for mail in reminders(work)] == ["2026-03-03", "2026-03-06", "2026-03-09"]


def test_a_pack_may_choose_no_reminders(work: Work):
    publishes(work.store, "alerts", remind_days=0)
    new_case(work.store, text=ODD)
    lived(work, 3)
    assert reminders(work) == []


def test_a_reminder_that_the_server_refuses_is_sent_by_the_driver_under_the_same_key(work: Work):
    new_case(work.store, text=ODD)
    lived(work, 1)
    work.mailer = FailingMailer(2, "gao@example.com")
    morning(work, 1)
    assert reminders(work) == []
    with work.store.looking() as tx:
        assert notices(tx, work.store.now() - HOUR).causes == {"refused": 1}
    for seconds in (10, 50):
        drained(work, MORNING + DAY + timedelta(seconds=seconds))
    [mail] = reminders(work)
    assert mail.key == "reminder:2026-03-04:gao"
    with work.store.looking() as tx:
        assert notices(tx, work.store.now() - HOUR).ok


def test_a_vacant_level_reminds_the_next_and_a_house_without_anybody_is_counted(work: Work):
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE handle = 'gao'")
    new_case(work.store, text=ODD)
    lived(work, 2)
    assert {mail.to for mail in reminders(work)} == {"mei@example.com"}
    execute_sql(work.store, "UPDATE actor SET roles = 'auditor' WHERE roles NOT IN ('system', 'import')")
    morning(work, 2)
    with work.store.looking() as tx:
        found = notices(tx, work.store.now() - HOUR)
    assert found.causes == {"nobody": 1}
    assert [line.text("en") for line in found.lines] == [
        "1: nobody holds the role that is asked (closeloop actor add HANDLE --role ROLE)"
    ]


def test_each_reads_it_in_his_own_language(work: Work):
    with work.store.writing() as tx:
        add_actor(tx, NewActor("gus", (Role.GENERAL_MANAGER,), locale="en", email="gus@example.com"))
        add_actor(tx, NewActor("guo", (Role.GENERAL_MANAGER,), locale="zh_TW", email="guo@example.com"))
    new_case(work.store, text=ODD)
    lived(work, 2)
    subjects = {mail.to.partition("@")[0]: mail.subject for mail in reminders(work)}
    assert subjects == {
        "gao": "今日催办：1 件超时工单等您处理",
        "guo": "今日催辦：1 件逾時案件等您處理",
        "gus": "Today's reminder: overdue cases that wait for you (1)",
    }
    assert all("{" not in mail.body for mail in sent_mails(work))


def test_without_a_mail_server_the_morning_says_how_many_reached_nobody(work: Work):
    work.mailer = FileMailer(work.store.home / "mail.jsonl")
    new_case(work.store, text=ODD)
    lived(work, 2)
    with work.store.looking() as tx:
        found = notices(tx, START)
    assert found.causes == {"no_server": 4 + 2}
    assert found.total.text("zh_CN") == "6 封通知没有送达任何人"
