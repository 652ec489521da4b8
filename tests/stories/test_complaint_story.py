"""Stories of complaints, to be read by a manager: a way through, compensation, refusal, merging, promises."""

import json

import pytest

from engine.audit.verify import verify
from tests.case_actions import execute_sql
from tests.stories.story import Story

DAMAGE = "签收时发现货物破损,外箱塌了一角。"


def confirmed_damage(story: Story) -> Story:
    """Open a complaint about damage, investigate it and confirm that the carrier is responsible."""
    story.opens("complaint", DAMAGE).then("han", "investigate", findings="叉车碰倒。")
    story.then(
        "sue", "determine_responsibility", cause="handling", responsible="carrier", degree="full", evidence="照片"
    )
    return story.then(
        "mei",
        "confirm_responsibility",
        confirmed_cause="handling",
        confirmed_responsible="carrier",
        confirmed_degree="full",
    )


@pytest.mark.requirement("B1")
@pytest.mark.requirement("B5")
def test_a_complaint_goes_its_whole_way(story: Story):
    story.opens("complaint", DAMAGE, phone="13800138000", email="wang@example.com")
    assert (story.state, story.mails("wang@example.com")) == (
        "classified",
        [f"已收到您反映的问题（编号 {story.number}）"],
    )
    story.after(hours=1).then("amy", "reply", message="我们正在查,下午三点给您电话。")
    assert story.outcome("first_reply") == "met"
    story.after(hours=3).then("han", "investigate", findings="叉车碰倒。", cause="handling")
    story.then("amy", "propose_solution", solution="按合同赔付。").then("han", "resolve", result="已赔付。")
    assert story.outcome("solution") == "met"
    story.after(days=1)
    for judged in ("amy", "han"):
        assert story.refused(judged, "revisit", outcome="satisfied").code == "own_work"
    story.then("ann", "revisit", outcome="satisfied", timeliness=5)
    assert story.state == "revisited"
    story.after(days=3)
    assert (story.state, story.moves[-1]) == ("archived", "archive")


@pytest.mark.requirement("B4")
@pytest.mark.requirement("F3")
def test_a_compensation_above_the_desks_limit_needs_a_second_person(story: Story):
    story.opens("complaint", DAMAGE).then("han", "investigate", findings="叉车碰倒。")
    refused = story.refused("han", "compensate", compensation=50_000, grounds="合同第八条")
    assert refused.params["guards"] == ["cause_confirmed"], "nothing is paid before responsibility is confirmed"
    story.then(
        "sue", "determine_responsibility", cause="handling", responsible="carrier", degree="full", evidence="照片"
    )
    assert (
        story.refused(
            "sue",
            "confirm_responsibility",
            confirmed_cause="handling",
            confirmed_responsible="carrier",
            confirmed_degree="full",
        ).code
        == "own_work"
    )
    story.then(
        "mei",
        "confirm_responsibility",
        confirmed_cause="handling",
        confirmed_responsible="carrier",
        confirmed_degree="full",
    )
    story.then("han", "compensate", compensation=100_000, grounds="合同第八条")
    assert story.state == "investigated", "the desk's limit itself is the desk's"
    story.then("sue", "compensate", compensation=100_001, grounds="合同第八条")
    assert story.state == "compensation_approval"
    assert story.refused("sue", "approve_compensation", approved=100_001).code == "own_work"
    assert story.refused("mei", "approve_compensation", approved=100_002).code == "guard"
    story.then("mei", "approve_compensation", approved=90_000)
    variables = json.loads(story.variables)
    assert (story.state, variables["compensation"], variables["approved"]) == ("investigated", 100_001, 90_000)


@pytest.mark.requirement("B4")
def test_a_blank_bound_refuses_every_compensation(story: Story):
    confirmed_damage(story)
    execute_sql(story.store, "UPDATE cases SET pack = 'general' WHERE number = :number", number=story.number)
    for amount in (1, 1_000_000):
        blank = story.refused("han", "compensate", compensation=amount, grounds="合同第八条")
        assert (blank.code, blank.params["bound"]) == ("blank_bound", "compensation")


@pytest.mark.requirement("B4")
def test_a_declined_offer_is_cleared_and_a_new_offer_clears_the_approval(story: Story):
    confirmed_damage(story)
    story.then("sue", "compensate", compensation=300_000, grounds="合同第八条")
    story.then("mei", "approve_compensation", approved=200_000)
    story.then("sue", "compensate", compensation=400_000, grounds="合同第八条")
    variables = json.loads(story.variables)
    assert (variables["compensation"], "approved" in variables) == (400_000, False), (
        "the earlier approval was of another offer"
    )
    story.then("mei", "decline_compensation", reason="无依据。")
    variables = json.loads(story.variables)
    assert (story.state, variables.keys() & {"compensation", "approved"}) == ("investigated", set())
    assert variables["confirmed_cause"] == variables["cause"]
    assert verify(story.store).faults == ()


@pytest.mark.requirement("A7")
def test_a_refusal_is_coded_and_reviewed_by_another_person(story: Story):
    story.opens("complaint", "随便说说。")
    story.then("sue", "propose_refusal", code="no_facts", reason="没有事实。")
    assert story.refused("sue", "refuse", code="no_facts", told="请补充事实。").code == "own_work"
    story.then("mei", "take_on", reason="先问问客户。")
    assert story.state == "received"
    story.then("amy", "propose_refusal", code="no_facts", reason="客户没有事实可说。")
    story.then("mei", "refuse", code="no_facts", told="没有事实,暂不受理。")
    assert (story.state, story.outcome("first_reply")) == ("refused", "stopped")


@pytest.mark.requirement("A6")
def test_a_merged_case_hands_its_timers_over(story: Story):
    first = story.opens("complaint", DAMAGE).number
    story.after(minutes=100)
    assert story.steps("first_reply") == [75]
    second = story.opens("complaint", DAMAGE).number
    story.on(first).then("amy", "merge", into=second)
    assert (story.state, story.outcome("first_reply"), story.steps("first_reply")) == ("merged", "handed_on", [75])
    story.on(second)
    own, inherited = story.timers("first_reply")
    assert (own["occurrence"], inherited["occurrence"], inherited["steps_fired"]) == (1, 2, 1)
    assert inherited["opened_at"] < own["opened_at"], "the older timer still counts from its own start"
    story.after(minutes=21)
    assert (story.steps("first_reply"), story.level) == ([100], 1)
    story.then("amy", "reply", message="两件一并处理。")
    assert [timer["outcome"] for timer in story.timers("first_reply")] == ["met", "breached"]


@pytest.mark.requirement("B9")
def test_each_promise_to_the_customer_has_its_own_timer(story: Story):
    story.opens("complaint", DAMAGE)
    story.then("amy", "promise", promise="十点半来电。", due_at="2026-03-02T10:30:00+08:00")
    story.then("amy", "promise", promise="明天寄单据。", due_at="2026-03-03T09:00:00+08:00")
    story.until("2026-03-02T10:20+08:00").then(
        "amy", "keep_promise", promise=1, how="已按时来电。", medium="phone", recipient="客户本人"
    )
    story.until("2026-03-03T09:01+08:00")
    assert [timer["outcome"] for timer in story.timers("promise")] == ["met", None]
    assert story.steps("promise") == [75, 75, 100], "the first one neared its end as well"
    refused = story.refused("amy", "promise", promise="昨天。", due_at="2026-03-02T09:00:00+08:00")
    assert refused.code == "due_passed"


@pytest.mark.requirement("B8")
def test_progress_is_reported_at_declared_intervals_or_the_promise_is_breached(story: Story):
    story.promises(progress_note={"amount": 8, "unit": "hours"})
    story.opens("complaint", DAMAGE)
    story.after(hours=6).then("amy", "progress", progress="已联系车队。")
    story.after(hours=8, minutes=1)
    assert [timer["outcome"] for timer in story.timers("progress_note")] == ["met", None]
    assert story.steps("progress_note") == [75, 75, 100]


@pytest.mark.requirement("B10")
def test_a_second_return_goes_to_the_supervisor_who_rules_on_the_owner(story: Story):
    story.promises(department_limit={"amount": 10, "unit": "hours"})
    story.opens("complaint", DAMAGE)
    assert story.state == "classified"
    story.after(hours=2).then("han", "return", code="not_ours")
    story.then("amy", "assign", department="delivery", owner="hal")
    story.after(hours=3).then("hal", "return", code="not_ours")
    assert story.state == "owner_disputed"
    story.then("sue", "rule_owner", department="claims", owner="han")
    variables = json.loads(story.variables)
    assert (story.state, variables["returns"]) == ("classified", 2)
    claims, delivery, ruled = story.timers("department_limit")
    assert [claims["outcome"], delivery["outcome"], ruled["outcome"]] == ["handed_over", "handed_over", None]
    assert delivery["opened_at"] == claims["closed_at"], "each team has its own timer"


@pytest.mark.requirement("B2")
@pytest.mark.requirement("B3")
def test_a_result_the_customer_rejects_begins_another_round_at_once(story: Story):
    story.opens("complaint", DAMAGE).then("han", "investigate", findings="叉车碰倒。").then(
        "han", "resolve", result="道歉。"
    )
    story.then("amy", "tell_result", message="我们道歉。", opinion="rejected", words="不行。")
    assert (story.state, story.level, len(story.timers("solution"))) == ("investigated", 1, 2)


@pytest.mark.requirement("B6")
def test_an_urgent_case_asks_the_supervisor_at_once_and_never_less_again(story: Story):
    story.opens("complaint", "随便说说。")
    story.then("amy", "classify", category="loss", severity="urgent", department="claims")
    assert (story.level, "escalate" in story.moves) == (1, True)
    assert any("升级上报" in subject for subject in story.mails("sue@example.com"))
    story.then("amy", "reclassify", category="loss", severity="low")
    assert story.level == 1


@pytest.mark.requirement("A5")
def test_a_key_account_and_a_channel_have_their_own_limits(story: Story):
    whens = [{"customer_type": "key_account", "amount": 1}, {"channel": "chat", "amount": 3}]
    both = {"customer_type": "key_account", "channel": "chat", "amount": 1}
    story.promises(first_reply={"amount": 2, "unit": "hours", "when": [*whens, both]})
    hours = 3_600_000_000
    for fields, amount in (
        ({}, 2),
        ({"customer_type": "key_account"}, 1),
        ({"channel": "chat"}, 3),
        ({"channel": "chat", "customer_type": "key_account"}, 1),
    ):
        story.opens("complaint", DAMAGE, **fields)
        assert story.timers("first_reply")[0]["allowance"] == amount * hours, fields
        story.then("amy", "note", note="仍是同一位客户。")
        assert story.timers("first_reply")[0]["allowance"] == amount * hours, "and the next move does not change it"
