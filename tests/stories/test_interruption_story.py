"""Stories of interruptions: a port closes; affected cases are found, notified and given more time; a review follows."""

import asyncio
import json
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from engine.commands.open_case import Opening, open_case
from engine.outbox.case_event import CaseEvent
from engine.outbox.deliveries import Leased
from flows.reaction_context import ReactionContext
from flows.reaction_registry import reactions
from gateways.mail import FakeMailer
from models.contact import Contact
from reports.linked_cases import linked
from statemachines.roles import Role
from tests.case_actions import case_of, history_of, make_move, query_rows
from tests.flows.scenes import FailingMailer
from tests.stories.story import Story

LATE = "货物迟迟没有送到,请尽快处理。"
EVENT = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.form, t.occurred_at, t.recorded_at, t.via,
       c.kind, c.number FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.number = :number AND t.move = :move
"""


def closed_port(story: Story) -> Story:
    """Declare a port closed by fog, and start the contingency plan."""
    story.opens("interruption", "大雾,港口封航。", by="ops")
    story.then("ops", "declare", what="封航", where="盐田港", since="2026-03-02T06:00:00+08:00", department="delivery")
    return story.then("mei", "start_plan", contingency="port_closed", plan="改走陆路,通知客户。")


def complaints(story: Story, *addresses: str | None) -> list[str]:
    """Open complaints about delays, of customers with these addresses, and assign them to the delivery department."""
    return [
        story.opens("complaint", LATE, email=address).then("amy", "assign", department="delivery").number
        for address in addresses
    ]


def mailed(story: Story, template: str) -> list[str]:
    assert isinstance(story.work.mailer, FakeMailer)
    return [mail.key for mail in story.work.mailer.sent if f":{template}:" in mail.key]


def redeliver(story: Story, move: str, reaction: str) -> None:
    """Deliver the last event of a move once more, as after a lease that ran out."""
    row = query_rows(story.store, EVENT, number=story.number, move=move)[-1]
    event = CaseEvent(**row)
    leased = Leased(event, reaction, 2, "another", event.recorded_at)

    async def deliver() -> None:
        await reactions()[reaction].react(ReactionContext(story.work, leased))

    asyncio.run(deliver())


def variables(story: Story) -> dict[str, Any]:
    return json.loads(story.variables)


@pytest.mark.requirement("G1")
def test_an_interruption_goes_its_whole_way(story: Story):
    first, second = complaints(story, "wang@example.com", "li@example.com")
    closed_port(story).then("ops", "find_affected", kind="complaint", department="delivery")
    assert (story.state, variables(story)["affected"], story.outcome("tell_affected")) == (
        "affected_found",
        2,
        "missing",
    )
    assert [case.number for case in linked(story.store, case_of(story.store, story.number)["id"])] == [first, second]
    assert story.mails("wang@example.com")[-1] == f"服务中断告知（编号 {first}）"
    assert "confirm_told" in story.moves
    story.then("ops", "record_loss", amount=1_200_000, what="滞港费。").then(
        "ops", "record_loss", amount=5, what="其他。"
    )
    story.then("mei", "record_mitigation", measure="改走陆路。")
    story.until("2026-03-03T20:00+08:00")
    story.then("ops", "restore", restored_at="2026-03-03T20:00:00+08:00", how="雾散,复航。")
    story.then("quin", "review", lessons="没有备用堆场。", cause="no_reserve", improving="operations")
    assert (story.state, variables(story)["losses"], variables(story)["mitigations"]) == ("reviewed", 2, 1)
    plan = story.child("improvement_plan")
    assert json.loads(case_of(story.store, plan)["variables"])["department"] == "operations"
    story.after(days=3)
    assert story.state == "archived", "it does not wait for the affected cases, nor for the plan"
    assert case_of(story.store, plan)["closed"] in (False, 0)


@pytest.mark.requirement("G1")
def test_only_open_cases_of_customers_that_meet_the_criteria_are_affected(story: Story):
    hit, elsewhere, over = complaints(story, "wang@example.com", "li@example.com", "zhao@example.com")
    make_move(story.store, elsewhere, "assign", department="claims")
    make_move(story.store, over, "withdraw")
    story.opens("finding", "抽查。").then("quin", "assign_owner", department="delivery")
    story.after(hours=1)
    [later] = complaints(story, "sun@example.com")
    closed_port(story)
    assert story.refused("ops", "find_affected", kind="finding", department="delivery").code == "unknown_kind"
    story.then("ops", "find_affected", kind="inquiry", department="delivery")
    assert (variables(story)["affected"], "confirm_told" in story.moves) == (0, False), "nobody has been told"
    assert story.refused("mei", "grant_time", clause="solution", hours=24, reason="封航。").params["guards"] == [
        "some_affected"
    ]
    span = {"opened_since": "2026-03-02T09:00:00+08:00", "opened_until": "2026-03-02T09:30:00+08:00"}
    story.then("ops", "find_affected", kind="complaint", department="delivery", **span)
    assert [case.number for case in linked(story.store, case_of(story.store, story.number)["id"])] == [hit]
    story.after(minutes=1).then("ops", "find_affected", kind="complaint", department="delivery")
    assert [case.number for case in linked(story.store, case_of(story.store, story.number)["id"])] == [hit, later]
    assert len(mailed(story, "service_interrupted")) == 2, "no customer is notified twice"


@pytest.mark.requirement("G1")
def test_customers_without_an_address_are_notified_by_a_person(story: Story):
    story.promises(tell_affected={"amount": 4, "unit": "hours"})
    complaints(story, "wang@example.com", None)
    closed_port(story).then("ops", "find_affected", kind="complaint", department="delivery")
    assert (variables(story)["untold"], story.outcome("tell_affected")) == (1, None)
    assert story.refused("amy", "confirm_told").params["guards"] == ["says_how"]
    story.then("amy", "confirm_told", how="已电话告知。")
    assert story.outcome("tell_affected") == "met"


@pytest.mark.requirement("A5")
@pytest.mark.requirement("G1")
def test_a_misspelt_kind_notifies_nobody_and_meets_nothing(story: Story):
    story.promises(tell_affected={"amount": 4, "unit": "hours"})
    complaints(story, "wang@example.com")
    refused = closed_port(story).refused("ops", "find_affected", kind="complain")
    assert (refused.code, "complaint" in refused.params["known"]) == ("unknown_kind", True)
    assert story.outcome("tell_affected") is None
    story.after(hours=5)
    assert story.steps("tell_affected")[-1] == 100


@pytest.mark.requirement("A5")
@pytest.mark.requirement("G1")
def test_customers_found_later_start_the_limit_again(story: Story):
    story.promises(tell_affected={"amount": 4, "unit": "hours"})
    complaints(story, "wang@example.com")
    interruption = closed_port(story).then("ops", "find_affected", kind="complaint").number
    assert [timer["outcome"] for timer in story.timers("tell_affected")] == ["met"]
    complaints(story, None)
    story.on(interruption).after(hours=1).then("ops", "find_affected", kind="complaint")
    assert [timer["outcome"] for timer in story.timers("tell_affected")] == ["met", None]
    story.then("amy", "confirm_told", how="已电话告知。")
    assert [timer["outcome"] for timer in story.timers("tell_affected")] == ["met", "met"]


@pytest.mark.requirement("A5")
@pytest.mark.requirement("G1")
def test_a_mail_that_the_server_refuses_for_good_has_told_nobody(story: Story):
    complaints(story, "wang@example.com", "li@example.com")
    assert isinstance(story.work.mailer, FakeMailer)
    story.work.mailer.unknown.add("li@example.com")
    closed_port(story).then("ops", "find_affected", kind="complaint")
    assert (variables(story)["affected"], variables(story)["untold"]) == (2, 1)
    assert "confirm_told" not in story.moves


@pytest.mark.requirement("G1")
def test_more_time_is_granted_in_bulk_with_a_record_in_each_case_and_a_retry_doubles_nothing(story: Story):
    for nth in range(250):
        contact = Contact.model_validate({"row_id": "-", "at": story.now, "text": LATE, "email": f"{nth}@example.com"})
        open_case(story.store, Opening(contact, actor="amy"), story.now)
    [replied] = complaints(story, "wang@example.com")
    make_move(story.store, replied, "propose_solution", by="amy")
    closed_port(story).then("ops", "find_affected", kind="complaint")
    before = solutions(story)
    story.then("mei", "grant_time", clause="solution", hours=24, reason="封航两天。")
    day = 24 * 3_600_000_000
    assert solutions(story) == {number: allowance + day for number, allowance in before.items()}
    assert (variables(story)["granted"], variables(story)["skipped"]) == (250, 1)
    assert set(extensions(story).values()) == {f"{story.number}: 封航两天。"}
    for move, reaction in (("find_affected", "care_for_affected"), ("grant_time", "grant_time")):
        moves = story.moves
        redeliver(story, move, reaction)
        assert story.moves == moves
    assert solutions(story) == {number: allowance + day for number, allowance in before.items()}
    assert len(extensions(story)) == 250
    assert len(set(mailed(story, "service_interrupted"))) == 251


def solutions(story: Story) -> dict[str, int]:
    """Return the allowance of every open timer of the solution."""
    sql = """SELECT c.number, k.allowance FROM timer k JOIN cases c ON c.id = k.case_id
              WHERE k.clause = 'solution' AND k.closed_at IS NULL"""
    return {row["number"]: row["allowance"] for row in query_rows(story.store, sql)}


def extensions(story: Story) -> dict[str, str]:
    """Return the reason of each extension, by case; no case may have two."""
    sql = """SELECT c.number, s.content FROM transition t JOIN cases c ON c.id = t.case_id
               JOIN statement s ON s.case_id = t.case_id AND s.seq = t.seq WHERE t.move = 'extend'"""
    rows = query_rows(story.store, sql)
    assert len({row["number"] for row in rows}) == len(rows)
    return {row["number"]: row["content"] for row in rows}


@pytest.mark.requirement("G1")
def test_a_case_closed_between_two_tries_does_not_change_the_recorded_counts(story: Story):
    first, _ = complaints(story, "wang@example.com", "li@example.com")
    closed_port(story).then("ops", "find_affected", kind="complaint")
    story.then("mei", "grant_time", clause="solution", hours=24, reason="封航两天。")
    make_move(story.store, first, "withdraw")
    redeliver(story, "find_affected", "care_for_affected")
    redeliver(story, "grant_time", "grant_time")
    assert (variables(story)["affected"], variables(story)["granted"], variables(story)["skipped"]) == (2, 2, 0)
    assert [row["move"] for row in history_of(story.store, first)].count("extend") == 1


@pytest.mark.requirement("G1")
def test_only_a_department_manager_grants_more_time(story: Story):
    complaints(story, "wang@example.com")
    closed_port(story).then("ops", "find_affected", kind="complaint")
    for who in ("ops", "sue", "han"):
        assert story.refused(who, "grant_time", clause="solution", hours=24, reason="封航。").code == "role"


@pytest.mark.requirement("G1")
def test_a_failed_mail_is_retried_and_no_customer_is_left_out(story: Story):
    complaints(story, "wang@example.com", "li@example.com", "zhao@example.com")
    closed_port(story)
    story.work.mailer = FailingMailer(1, "li@example.com")
    story.then("ops", "find_affected", kind="complaint")
    assert "affected" not in variables(story)
    story.after(minutes=1)
    assert (variables(story)["affected"], variables(story)["untold"]) == (3, 0)
    assert len(set(mailed(story, "service_interrupted"))) == 3


@pytest.mark.requirement("F3")
def test_the_leader_of_the_response_does_not_review_it(story: Story):
    with story.store.writing() as tx:
        add_actor(tx, NewActor("mo", (Role.DEPARTMENT_MANAGER, Role.QUALITY_TEAM)))
    story.opens("interruption", "系统停机。", by="ops")
    refused = story.refused("mo", "start_plan", contingency="system_down", plan="手工开单。")
    assert refused.params["guards"] == ["was_declared"]
    story.then("ops", "declare", what="停机", since="2026-03-02T08:00:00+08:00")
    story.then("mo", "start_plan", contingency="system_down", plan="手工开单。")
    story.then("ops", "restore", restored_at="2026-03-02T09:00:00+08:00", how="重启。")
    lessons = {"lessons": "磁盘已满。", "cause": "disk_full", "improving": "operations"}
    assert story.refused("mo", "review", **lessons).code == "own_work"
    assert story.refused("quin", "review", **lessons).params["guards"] == ["customers_told"]
    story.then("ops", "find_affected", kind="complaint")
    assert story.refused("quin", "review", **lessons).params["guards"] == ["customers_told"]
    story.then("ops", "confirm_told", how="查无受影响的客户。").then("quin", "review", **lessons)
    assert story.state == "reviewed"


@pytest.mark.requirement("G1")
def test_a_false_alarm_is_called_off_by_a_manager(story: Story):
    story.opens("interruption", "听说封航。", by="amy")
    assert story.refused("amy", "call_off", reason="没有封航。").code == "role"
    story.then("mei", "call_off", reason="没有封航。")
    assert story.state == "called_off"
