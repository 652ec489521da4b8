"""The whole record is checked, not only what changed; each fault is told to the administrators once."""

import asyncio
import json
from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.ledger.anchoring import published
from flows.nights.integrity import CHECKED, Integrity
from flows.scheduled_work import run_scheduled
from flows.work import Work
from statemachines.roles import Role
from tests.case_actions import DAY, START, case_of, execute_sql, new_case, query_rows
from tests.flows.scenes import Down, FailingMailer, sent_mails

WEEK = 7 * DAY


@pytest.fixture(autouse=True)
def admin(work: Work) -> None:
    with work.store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,), locale="en", email="ada@example.com"))


def checked(work: Work, after: timedelta) -> Integrity:
    set_clock(work.store, START + after)
    found = asyncio.run(run_scheduled(work, "integrity"))
    assert isinstance(found, Integrity)
    return found


def broken(work: Work, number: str) -> None:
    case_id = case_of(work.store, number)["id"]
    execute_sql(work.store, "UPDATE transition SET form = '{}' WHERE case_id = :case_id", case_id=case_id)


def results(work: Work) -> list[dict[str, object]]:
    return [
        json.loads(row["note"]) for row in query_rows(work.store, "SELECT note FROM run WHERE flow = :f", f=CHECKED)
    ]


def test_a_whole_record_is_anchored_and_the_result_kept(work: Work):
    new_case(work.store)
    found = checked(work, WEEK)
    assert (found.verdict.ok, found.did, found.new) == (True, 1, ())
    assert results(work) == [{"cases": 1, "transitions": 1, "faults": []}]
    assert len(published(work.store).read_text("utf-8").splitlines()) == 1
    assert sent_mails(work) == []


def test_what_was_broken_long_ago_is_found_although_the_nights_look_back_two_days_only(work: Work):
    old = new_case(work.store)
    broken(work, old)
    found = checked(work, 10 * WEEK)
    assert {fault.number for fault in found.new} == {old}
    [mail] = sent_mails(work)
    assert mail.to == "ada@example.com"
    assert f"{old}:1:hash" in mail.body


def test_each_fault_is_told_once_and_a_new_one_is_told_alone(work: Work):
    first, second = new_case(work.store), new_case(work.store)
    broken(work, first)
    checked(work, WEEK)
    checked(work, 2 * WEEK)
    assert len(sent_mails(work)) == 1
    broken(work, second)
    checked(work, 3 * WEEK)
    [_, mail] = sent_mails(work)
    assert second in mail.body
    assert first not in mail.body
    checked(work, 4 * WEEK)
    assert len(sent_mails(work)) == 2


def test_a_fault_that_could_not_be_told_is_told_at_the_next_check(work: Work):
    work.mailer = FailingMailer(1)
    broken(work, new_case(work.store))
    with pytest.raises(Down):
        checked(work, WEEK)
    assert results(work) == []
    checked(work, 2 * WEEK)
    assert len(sent_mails(work)) == 1
