"""Stories of staff proposals: assessed by others, tried, verified, rewarded by an entry of the ledger, or declined."""

import json

import pytest

from tests.stories.story import Story

pytestmark = pytest.mark.requirement("E5")

IDEA = {"proposer": "hal", "department": "delivery", "change": "签收前电话预约。", "benefit": "减少空跑。"}


def submitted(story: Story) -> Story:
    return story.opens("staff_proposal", "签收前电话预约。", by="hal").then("hal", "submit", **IDEA)


def tried(story: Story) -> Story:
    submitted(story).then("eva", "assess", potential="high", opinion="可行,成本低。")
    trial = {"department": "delivery", "measure": "两条线路试行。", "due_at": "2026-04-01T18:00:00+08:00"}
    return story.then("max", "try_out", **trial).then("sid", "report_trial", done="试行三周。", evidence="空跑率。")


def test_an_effective_proposal_goes_its_whole_way_and_its_reward_is_decided_by_a_second_person(story: Story):
    tried(story).then("eva", "verify_effect", effect="effective", evidence="空跑率由 9 % 降到 4 %。")
    story.then("hera", "reward", reward="奖励 500 元。")
    proposal = story.number
    assert (story.state, story.mails("hal@example.com")[-1]) == (
        "rewarded",
        f"您的改进提案（{proposal}）：已提请奖励·待归档",
    )
    story.on(story.child("ledger_entry"))
    assert json.loads(story.variables)["evidence"] == proposal
    assert story.refused("hera", "enter", reasons="同意。").code == "recused", "she asked for the reward"
    story.then("max", "enter", reasons="提案有效。")
    story.on(proposal).after(days=4)
    assert story.state == "archived"


def test_nobody_assesses_or_rewards_his_own_proposal(story: Story):
    story.opens("staff_proposal", "改进回访话术。", by="eva").then("eva", "submit", **IDEA | {"proposer": "eva"})
    assert story.refused("eva", "assess", potential="high", opinion="很好。").code in {"own_work", "recused"}
    assert story.refused("eva", "decline", reason="算了。").code in {"own_work", "recused"}
    story.then("eli", "assess", potential="low", opinion="已有类似做法。")


def test_a_proposal_is_declined_with_the_reason_told_to_the_proposer(story: Story):
    submitted(story).then("eva", "decline", reason="与现行规定冲突。")
    assert (story.state, story.mails("hal@example.com")[-1]) == ("declined", f"您的改进提案（{story.number}）：未采纳")


def test_a_trial_without_effect_leads_back_to_the_decision(story: Story):
    tried(story).then("eva", "verify_effect", effect="not_effective", evidence="空跑率没有变化。")
    assert story.state == "assessed"
    story.then("max", "decline", reason="试行无效。")


def test_only_the_proposer_withdraws_what_he_submitted(story: Story):
    submitted(story)
    assert story.refused("sid", "withdraw", reason="不需要。").code == "guard"
    story.then("hal", "withdraw", reason="已另行解决。")
    assert story.state == "withdrawn"


def test_a_proposal_that_nobody_assesses_is_escalated(story: Story):
    submitted(story).after(days=14, seconds=1)
    assert (story.steps("proposal_assessment"), story.level) == ([75, 100], 1)
