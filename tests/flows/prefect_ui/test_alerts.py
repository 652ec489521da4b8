"""The alerts about failed and missing runs of Prefect: recipients, content and frequency."""

import asyncio

import pytest

from engine.actors import NewActor, add_actor
from flows.prefect_ui.alerts import NIGHT_MISSING, RUN_FAILED, AlertKind, alert
from flows.work import Work
from gateways.mail import FakeMailer
from statemachines.roles import Role
from tests.case_actions import DAY, START

RUN = "0195d6c8-0000-7000-8000-000000000001"


@pytest.fixture
def sqlite_work(work: Work) -> Work:
    with work.store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,), locale="en", email="ada@example.com"))
    return work


def send_alert(work: Work, kind: AlertKind, run: str = "", flow: str = "", state: str = "") -> int:
    return asyncio.run(alert(work, kind, run, flow, state))


def mails(work: Work) -> FakeMailer:
    assert isinstance(work.mailer, FakeMailer)
    return work.mailer


def test_a_failed_run_is_reported_to_supervisors_and_administrators_in_their_languages(sqlite_work: Work):
    assert send_alert(sqlite_work, RUN_FAILED, RUN, "callback-plan", "prefect.flow-run.Crashed") == 2
    ada, sue = mails(sqlite_work).sent
    assert (ada.to, ada.subject) == ("ada@example.com", "Scheduled work “callback-plan” crashed")
    assert (sue.to, sue.subject) == ("sue@example.com", "定时任务“callback-plan”崩溃")
    assert RUN in ada.body
    assert RUN in sue.body
    assert "{" not in ada.body + sue.body


def test_a_failed_run_has_one_alert_key_and_a_missing_night_one_key_a_day(sqlite_work: Work):
    for _ in range(2):
        send_alert(sqlite_work, RUN_FAILED, RUN, "callback-plan", "prefect.flow-run.Failed")
        send_alert(sqlite_work, NIGHT_MISSING)
    assert {mail.key for mail in mails(sqlite_work).sent if mail.to == "sue@example.com"} == {
        f"alert:run_failed:{RUN}:sue",
        "alert:night_missing:2026-03-02:sue",
    }


def test_the_next_missing_night_is_reported_again(sqlite_work: Work):
    from engine.create_store import set_clock

    send_alert(sqlite_work, NIGHT_MISSING)
    set_clock(sqlite_work.store, START + DAY)
    send_alert(sqlite_work, NIGHT_MISSING)
    assert len({mail.key for mail in mails(sqlite_work).sent}) == 4
