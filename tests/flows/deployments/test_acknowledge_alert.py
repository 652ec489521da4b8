"""Whoever is alerted acknowledges from a form of the Prefect UI, with a code that tells who he is (B11)."""

import re
from datetime import datetime

import pytest

from engine.audit.verify import verify
from engine.create_store import set_clock
from flows.deployments.operator_actions import acknowledge_alert
from flows.deployments.operator_forms import AlertForm
from flows.deployments.operator_outcomes import AGAIN, AWAITING, DONE, REFUSED, Outcome
from flows.tick import drain
from flows.work import Work
from tests.case_actions import HANDLER, MANAGER, START, SUPERVISOR, new_case, query_rows
from tests.engine.duty.rosters import recorded, weekly
from tests.flows.scenes import DAMAGE, sent_mails
from tests.one_thread import run_in_one_thread

pytestmark = [pytest.mark.requirement("B11"), pytest.mark.requirement("F3")]


def clock(work: Work, text: str) -> None:
    set_clock(work.store, datetime.fromisoformat(f"2026-03-{text}+08:00"))
    run_in_one_thread(drain(work))


@pytest.fixture
def number(work: Work) -> str:
    """A case for which Sue was alerted at ten past two."""
    recorded(work.store, weekly(SUPERVISOR), weekly(MANAGER, department="", level=2))
    number = new_case(work.store, datetime.fromisoformat("2026-03-03T00:10:00+08:00") - START, text=DAMAGE)
    clock(work, "03T02:10:01")
    return number


def code_in(text: str) -> str:
    return re.findall(r"^  (\d{6})$", text, re.MULTILINE)[-1]


def acknowledged(work: Work, number: str, by: str) -> Outcome:
    asked = run_in_one_thread(acknowledge_alert(work, AlertForm(case=number, acting_as=by)))
    if asked.state != AWAITING:
        return asked
    code = code_in(sent_mails(work)[-1].body)
    return run_in_one_thread(acknowledge_alert(work, AlertForm(case=number, acting_as=by, code=code)))


def test_whoever_is_alerted_acknowledges_with_his_code_and_nobody_else_is_alerted(work: Work, number: str):
    done = acknowledged(work, number, SUPERVISOR)
    assert (done.state, done.about) == (DONE, number)
    assert number in done.message
    clock(work, "03T03:00")
    alerts = query_rows(work.store, "SELECT level, via FROM duty_alert")
    assert alerts == [{"level": 1, "via": "prefect-form"}]
    assert acknowledged(work, number, SUPERVISOR).state == AGAIN
    assert verify(work.store).faults == ()


def test_without_the_code_nothing_is_acknowledged(work: Work, number: str):
    assert run_in_one_thread(acknowledge_alert(work, AlertForm(case=number, acting_as=SUPERVISOR))).state == AWAITING
    code = f"{(int(code_in(sent_mails(work)[-1].body)) + 1) % 10**6:06}"
    wrong = run_in_one_thread(acknowledge_alert(work, AlertForm(case=number, acting_as=SUPERVISOR, code=code)))
    assert (wrong.state, wrong.code) == (REFUSED, "code_wrong")
    assert query_rows(work.store, "SELECT via FROM duty_alert") == [{"via": None}]


def test_whoever_was_not_alerted_is_refused_and_of_no_case_learns_that_there_is_one(work: Work, number: str):
    refused = acknowledged(work, number, HANDLER)
    assert (refused.state, refused.code) == (REFUSED, "not_alerted")
    assert acknowledged(work, "cp-26-000099", SUPERVISOR).code == "no_alert"
    assert acknowledged(work, number, "nobody").code == "unknown_actor"
