"""The integrity run checks the whole record and reports each fault to the administrators once."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.kept_counts import keep_count, kept_count
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


def run_integrity_check(work: Work, after: timedelta) -> Integrity:
    """Run the integrity check so long after ``START``."""
    set_clock(work.store, START + after)
    result = asyncio.run(run_scheduled(work, "integrity"))
    assert isinstance(result, Integrity)
    return result


def tamper_with(work: Work, number: str) -> None:
    """Change a recorded transition of a case."""
    case_id = case_of(work.store, number)["id"]
    execute_sql(work.store, "UPDATE transition SET form = '{}' WHERE case_id = :case_id", case_id=case_id)


def results(work: Work) -> list[dict[str, object]]:
    return [
        json.loads(row["note"]) for row in query_rows(work.store, "SELECT note FROM run WHERE flow = :f", f=CHECKED)
    ]


def test_an_intact_record_is_anchored_and_the_result_recorded(work: Work):
    new_case(work.store)
    result = run_integrity_check(work, WEEK)
    assert (result.verdict.ok, result.did, result.new) == (True, 1, ())
    assert results(work) == [{"cases": 1, "transitions": 1, "faults": []}]
    assert len(published(work.store).read_text("utf-8").splitlines()) == 2
    assert sent_mails(work) == []


def test_an_old_fault_that_the_nightly_check_of_two_days_misses_is_found(work: Work):
    old = new_case(work.store)
    tamper_with(work, old)
    result = run_integrity_check(work, 10 * WEEK)
    assert {fault.number for fault in result.new} == {old}
    [mail] = sent_mails(work)
    assert mail.to == "ada@example.com"
    assert f"{old}:1:hash" in mail.body


def test_a_count_of_indicators_that_is_not_that_of_the_record_is_found_and_put_right(work: Work):
    new_case(work.store)
    set_clock(work.store, START + DAY)
    asyncio.run(run_scheduled(work, "overnight-escalation"))
    with work.store.writing() as tx:
        row = tx.row("SELECT question FROM indicator_count WHERE facts = 'openings' ORDER BY as_of DESC")
        kept = kept_count(tx, row.question)
        assert kept is not None
        assert [facts for _, _, facts, _ in kept.cells] == [1]
        keep_count(tx, replace(kept, cells=[]))
    assert [fault.what for fault in run_integrity_check(work, WEEK).new] == ["count_wrong openings"]
    assert run_integrity_check(work, 2 * WEEK).verdict.ok


def test_each_fault_is_reported_once_and_a_new_fault_alone(work: Work):
    first, second = new_case(work.store), new_case(work.store)
    tamper_with(work, first)
    run_integrity_check(work, WEEK)
    run_integrity_check(work, 2 * WEEK)
    assert len(sent_mails(work)) == 1
    tamper_with(work, second)
    run_integrity_check(work, 3 * WEEK)
    [_, mail] = sent_mails(work)
    assert second in mail.body
    assert first not in mail.body
    run_integrity_check(work, 4 * WEEK)
    assert len(sent_mails(work)) == 2


def test_a_fault_whose_mail_failed_is_reported_at_the_next_check(work: Work):
    work.mailer = FailingMailer(1)
    tamper_with(work, new_case(work.store))
    with pytest.raises(Down):
        run_integrity_check(work, WEEK)
    assert results(work) == []
    run_integrity_check(work, 2 * WEEK)
    assert len(sent_mails(work)) == 1
