"""Stories of staff appeals against a penalty or an evaluation, decided by a panel without the parties."""

import json
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from statemachines.roles import Role
from tests.case_actions import case_of
from tests.stories.story import Story


def punished(story: Story) -> Story:
    """Fine Hal: Ivy investigates, Hera decides; the decision is published and the customer notified."""
    story.opens("report", "派送员代签收货单。", customer="王先生", email="wang@example.com", channel="whistle_mail")
    story.then("quin", "take_up", category="falsification", accused="hal")
    story.then("eva", "form_team", lead_investigator="ivy")
    story.then("ivy", "conclude", findings="代签属实。", degree="full", proven=True)
    story.then("hera", "decide", penalty="fine", fine=50_000, grounds="服务规范第九条。")
    story.then("hera", "publish_inside", notice="一名派送员代签,罚款五百元。")
    return story.then("hera", "tell_customer", message="已查实并处理。")


def disputed(story: Story) -> str:
    """Let Hal appeal and continue with the appeal; return the number of the violation."""
    violation = punished(story).number
    story.then("hal", "appeal", grounds="那天我休假,有排班表。")
    story.on(story.child("appeal"))
    return violation


def reverified(story: Story) -> Story:
    story.then("eva", "form_panel", panel_lead="pam")
    return story.then("pam", "reverify", findings="排班表属实。")


def variables_of(story: Story) -> dict[str, Any]:
    return json.loads(story.variables)


@pytest.mark.requirement("F2")
@pytest.mark.requirement("E4")
def test_a_won_appeal_corrects_the_decision_and_marks_it_for_recomputation(story: Story):
    violation = disputed(story)
    appeal = story.number
    variables = variables_of(story)
    assert (variables["about"], variables["appellant"], variables["decided_by"], variables["investigated_by"]) == (
        violation,
        "hal",
        "hera",
        "ivy",
    )
    assert story.state == "admitted"
    reverified(story).then("pia", "uphold_appeal", correction="撤销罚款。")
    assert story.state == "decided"
    assert story.mails("hal@example.com")[-1] == f"您的申诉（{appeal}）：裁决申诉成立"

    story.on(violation)
    assert (story.state, variables_of(story)["recompute"]) == ("corrected", True)
    harsher = story.refused("gao", "amend_decision", penalty="fine", fine=50_001, grounds="再罚。")
    assert harsher.params["guards"] == ["not_harsher"]
    story.then("gao", "amend_decision", penalty="none", grounds="当日休假。")
    assert (story.state, variables_of(story)["penalty"], variables_of(story)["fine"]) == ("decided", "none", 0)
    story.then("gao", "publish_inside", notice="原罚款决定撤销。").then("gao", "tell_customer", message="已更正。")
    assert (story.state, len(story.mails("wang@example.com"))) == ("announced", 3)
    story.after(days=10)
    assert story.state == "archived"
    assert story.on(appeal).state == "archived"


@pytest.mark.requirement("F2")
def test_a_lost_appeal_leaves_the_decision_and_says_why(story: Story):
    violation = disputed(story)
    appeal = reverified(story).number
    story.then("pia", "dismiss_appeal", reasons="排班表系事后补写。")
    assert story.mails("hal@example.com")[-1] == f"您的申诉（{appeal}）：裁决维持原决定"
    story.on(violation)
    assert (story.state, "recompute" in variables_of(story)) == ("announced", False)
    again = story.refused("hal", "appeal", grounds="我不服。")
    assert again.params["guards"] == ["accused_disputes"], "each decision is disputed once"
    story.after(days=10)
    assert story.state == "archived"


@pytest.mark.requirement("F2")
def test_the_time_to_appeal_pauses_while_the_appeal_is_open(story: Story):
    violation = punished(story).number
    story.after(days=5).then("hal", "appeal", grounds="那天我休假。")
    story.after(days=30)
    assert (story.state, story.fires("appeal_window")) == ("appealed", None)
    reverified(story.on(story.child("appeal"))).then("pia", "dismiss_appeal", reasons="没有新的事实。")
    story.on(violation).after(days=2, minutes=-1)
    assert story.state == "announced"
    story.after(minutes=2)
    assert story.state == "settled"


@pytest.mark.requirement("F2")
def test_a_decision_may_be_disputed_before_it_is_published(story: Story):
    story.promises(publish={"amount": 2, "unit": "days"})
    story.opens("report", "派送员代签收货单。").then("quin", "take_up", category="ethics", accused="hal")
    story.then("eva", "form_team", lead_investigator="ivy")
    story.then("ivy", "conclude", findings="属实。", degree="full", proven=True)
    violation = story.then("mei", "decide", penalty="warning", grounds="属实。").number
    story.then("hal", "appeal", grounds="不是我。").on(story.child("appeal"))
    reverified(story).then("pia", "dismiss_appeal", reasons="没有新的事实。")
    assert story.on(violation).state == "decided"
    story.then("hera", "nobody_affected", reason="内部事项。").then("hera", "publish_inside", notice="警告。")
    assert (story.state, story.outcome("publish")) == ("announced", "met")
    story.after(days=7)
    assert story.state == "settled"


@pytest.mark.requirement("F2")
def test_only_the_accused_disputes_and_only_in_time(story: Story):
    punished(story)
    assert story.refused("han", "appeal", grounds="不公平。").params["guards"] == ["accused_disputes"]
    story.after(days=7)
    assert story.refused("hal", "appeal", grounds="不公平。").code == "not_now"


@pytest.mark.requirement("F3")
def test_no_party_sits_on_the_panel(story: Story):
    disputed(story)
    for party in ("hal", "hera", "ivy"):
        refused = story.refused("eva", "form_panel", panel_lead=party)
        assert refused.params["guards"] == ["impartial_panel"], party
    assert story.refused("hera", "form_panel", panel_lead="pam").code == "recused", "who decided picks no panel"
    story.then("eva", "form_panel", panel_lead="pam")
    assert story.refused("hal", "reverify", findings="不是我。").code == "role"


@pytest.mark.requirement("F3")
def test_the_reviewer_of_an_appeal_does_not_decide_it(story: Story):
    disputed(story)
    reverified(story)
    assert story.refused("pam", "uphold_appeal", correction="撤销。").code == "own_work"
    assert story.refused("pam", "dismiss_appeal", reasons="维持。").code == "own_work"
    story.then("pia", "uphold_appeal", correction="撤销。", recompute=False)
    assert story.state == "decided"


@pytest.mark.requirement("E4")
@pytest.mark.requirement("F3")
def test_a_person_appeals_against_his_evaluation_before_a_panel_without_its_assessor(story: Story):
    """Peg recorded the evaluation; she is a panel member, but not in this appeal."""
    with story.store.writing() as tx:
        add_actor(tx, NewActor("peg", (Role.AGENT, Role.APPEAL_PANEL), "hotline"))
    evaluation = story.opens("evaluation", "送货慢。").number
    story.then("peg", "assess", tone="negative", timeliness=1, evaluated="hal", department="delivery")
    story.opens("appeal", "那天道路封闭,有公告。", by="hal")
    refused = story.refused("hera", "take_up", about=evaluation, appellant="hal", decided_by="hera")
    assert (refused.code, refused.params["recorded"]) == ("not_by_record", "peg"), "the record says who decided"
    story.then("hera", "take_up", about=evaluation, appellant="hal")
    assert json.loads(story.variables)["decided_by"] == "peg"
    appeal = story.number
    assert story.state == "admitted"
    assert story.on(evaluation).moves[-1] == "appealed"
    story.on(appeal).then("eva", "form_panel", panel_lead="pam")
    assert story.refused("peg", "reverify", findings="没有道理。").code == "recused"
    story.then("pam", "reverify", findings="公告属实。").then("pia", "uphold_appeal", correction="该项不计分。")
    variables = json.loads(story.on(evaluation).variables)
    assert (variables["recompute"], variables["timeliness"]) == (True, 1), "the customer's scores are not changed"


@pytest.mark.requirement("E4")
def test_nobody_appeals_for_another(story: Story):
    violation = punished(story).number
    story.opens("appeal", "他是冤枉的。", by="han")
    story.then("eva", "take_up", about=violation, appellant="han")
    assert (story.state, story.on(violation).state) == ("admission_review", "announced")


@pytest.mark.requirement("F2")
def test_an_appeal_against_a_final_decision_is_reviewed_and_refused(story: Story):
    violation = punished(story).number
    story.after(days=7)
    appeal = story.opens("appeal", "我要申诉。", by="hal").number
    story.then("eva", "take_up", about=violation, appellant="hal")
    assert (story.state, story.moves[-1]) == ("admission_review", "propose_refusal")
    story.then("eva", "refuse", code="late", told="申诉期已满。")
    assert (story.state, story.mails("hal@example.com")[-1]) == ("refused", f"您的申诉（{appeal}）：不予受理")
    assert story.on(violation).state == "settled", "the decision never waited for it"


@pytest.mark.requirement("F2")
def test_a_refusal_is_proposed_and_decided_by_two_people(story: Story):
    violation = disputed(story)
    story.then("eva", "propose_refusal", code="already_heard", reason="同一事由。")
    assert story.refused("eva", "refuse", code="already_heard", told="已审过。").code == "own_work"
    story.then("eli", "take_on", reason="事由不同。")
    assert story.state == "admitted"
    story.then("eva", "propose_refusal", code="already_heard", reason="同一事由。")
    story.then("eli", "refuse", code="already_heard", told="同一事由已审过。")
    assert (story.state, story.on(violation).state) == ("refused", "announced")


@pytest.mark.requirement("F2")
def test_only_the_appellant_withdraws_and_the_decision_stands(story: Story):
    violation = disputed(story)
    assert story.refused("pam", "withdraw", reason="没有必要。").params["guards"] == ["is_appellant"]
    story.then("hal", "withdraw", reason="我想通了。")
    assert (story.state, story.on(violation).state) == ("withdrawn", "announced")


@pytest.mark.requirement("E4")
def test_an_appeal_has_a_limit_once_the_carrier_sets_one(story: Story):
    story.promises(appeal={"amount": 10, "unit": "days"})
    disputed(story)
    story.after(days=8)
    assert story.steps("appeal") == [75]
    reverified(story).then("pia", "dismiss_appeal", reasons="没有新的事实。")
    assert story.outcome("appeal") == "met"


@pytest.mark.requirement("H1")
def test_the_appeal_does_not_name_the_reporter(story: Story):
    violation = disputed(story)
    assert case_of(story.store, violation)["party_id"] is not None
    assert case_of(story.store, story.number)["party_id"] is None
