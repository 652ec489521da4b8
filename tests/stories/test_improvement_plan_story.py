"""Stories of improvement plans: required, submitted by a date, accepted, carried out, verified, watched."""

import json

import pytest

from engine.actors import NewActor, add_actor
from statemachines.roles import Role
from tests.stories.story import Story


def required(story: Story, **fields: str) -> Story:
    """Require a plan of the delivery department, because its satisfaction rate fell below the target."""
    story.opens("improvement_plan", "二月满意率 86.5 %,低于目标 90 %。", by="eva")
    due = {"due_at": "2026-03-09T09:00:00+08:00"} | fields
    figures = {"indicator": "satisfaction_rate", "actual": 8650, "target": 9000}
    return story.then("eva", "require", department="delivery", **figures, **due)


def submitted(story: Story) -> Story:
    plan = {"plan": "签收前电话预约。", "measures": "排班加两人;每周抽查。"}
    return story.then("max", "submit", **plan, proposed_due="2026-04-01T18:00:00+08:00")


def carried_out(story: Story) -> Story:
    submitted(story).then("eva", "accept_plan", due_at="2026-03-25T18:00:00+08:00")
    return story.then("hal", "complete", done="已加两人,已抽查三周。", evidence="排班表,抽查表。")


@pytest.mark.requirement("E3")
def test_an_indicator_below_target_is_tracked_to_its_verified_effect(story: Story):
    required(story)
    assert (story.state, story.mails("max@example.com")[-1]) == (
        "awaiting_plan",
        f"工单 {story.number} 待您处理：待提交计划（部门经理）",
    )
    carried_out(story)
    assert (story.outcome("plan_submission"), story.outcome("plan_execution")) == ("met", "met")
    story.then("eva", "verify_effect", effect="effective", before=8650, after=9120, evidence="三月满意率。")
    variables = json.loads(story.variables)
    assert (story.state, variables["before"], variables["after"]) == ("verified", 8650, 9120)


@pytest.mark.requirement("E3")
def test_plans_are_due_by_a_date_and_late_ones_escalate(story: Story):
    required(story)
    story.until("2026-03-09T09:01+08:00")
    assert (story.steps("plan_submission"), story.level) == ([75, 100], 1)
    submitted(story)
    assert story.outcome("plan_submission") == "breached"
    story.then("eva", "send_back", reason="没有量化目标。", due_at="2026-03-11T09:00:00+08:00")
    assert (story.state, len(story.timers("plan_submission"))) == ("awaiting_plan", 2)
    assert "proposed_due" not in json.loads(story.variables), "the plan that was sent back proposes nothing"
    submitted(story).then("eva", "accept_plan", due_at="2026-03-12T18:00:00+08:00")
    story.until("2026-03-12T18:01+08:00")
    assert story.steps("plan_execution") == [75, 100]


@pytest.mark.requirement("E3")
def test_a_new_date_replaces_the_first(story: Story):
    required(story).then("eva", "require", department="delivery", due_at="2026-03-06T09:00:00+08:00")
    assert [timer["outcome"] for timer in story.timers("plan_submission")] == ["handed_over", None]


@pytest.mark.requirement("E3")
def test_a_plan_needs_a_department_that_answers_for_it(story: Story):
    story.opens("improvement_plan", "二月满意率低于目标。", by="eva")
    refused = story.refused("max", "submit", plan="预约。", measures="抽查。", proposed_due="2026-04-01T18:00:00+08:00")
    assert refused.params["guards"] == ["was_required"]


@pytest.mark.requirement("E3")
def test_without_effect_a_new_plan_is_required_one_level_higher(story: Story):
    carried_out(required(story))
    figures = {"before": 8650, "after": 8640, "evidence": "三月满意率。", "due_at": "2026-04-10T09:00:00+08:00"}
    story.then("eli", "verify_effect", effect="not_effective", **figures)
    assert (story.state, story.level, story.outcome("plan_submission")) == ("awaiting_plan", 1, None)
    variables = json.loads(story.variables)
    assert (variables["effect"], variables.keys() & {"proposed_due", "due_at"}) == ("not_effective", set())


@pytest.mark.requirement("E3")
def test_a_recurrence_within_the_watch_opens_another_round_else_it_is_archived(story: Story):
    story.promises(plan_watch={"amount": 30, "unit": "days"})
    carried_out(required(story))
    story.then("eva", "verify_effect", effect="effective", before=8650, after=9120, evidence="三月满意率。")
    story.after(days=20).then("quin", "recur", reason="四月又降到 87 %。", due_at="2026-04-10T09:00:00+08:00")
    assert (story.state, story.outcome("plan_watch"), story.level) == ("awaiting_plan", "stopped", 1)
    submitted(story).then("eva", "accept_plan", due_at="2026-04-25T18:00:00+08:00")
    story.then("max", "complete", done="又加一人。", evidence="排班表。")
    story.then("eli", "verify_effect", effect="effective", before=8700, after=9300, evidence="五月满意率。")
    story.after(days=31)
    assert (story.state, story.outcome("plan_watch")) == ("archived", "done")


@pytest.mark.requirement("F3")
def test_the_group_does_not_accept_or_verify_its_own_work(story: Story):
    with story.store.writing() as tx:
        add_actor(tx, NewActor("mo", (Role.DEPARTMENT_MANAGER, Role.EVALUATION_GROUP)))
    required(story)
    assert story.refused("eva", "waive", reason="不必了。").code == "own_work"
    plan = {"plan": "预约。", "measures": "抽查。", "proposed_due": "2026-04-01T18:00:00+08:00"}
    story.then("mo", "submit", **plan)
    assert story.refused("mo", "accept_plan", due_at="2026-03-25T18:00:00+08:00").code == "own_work"
    assert story.refused("max", "accept_plan", due_at="2026-03-25T18:00:00+08:00").code == "role"
    story.then("eva", "accept_plan", due_at="2026-03-25T18:00:00+08:00")
    story.then("hal", "complete", done="已预约。", evidence="记录。")
    figures = {"effect": "effective", "before": 8650, "after": 9120, "evidence": "三月满意率。"}
    assert story.refused("mo", "verify_effect", **figures).code == "own_work"
    story.then("eli", "verify_effect", **figures)
    assert story.state == "verified"


@pytest.mark.requirement("E3")
def test_a_plan_that_was_required_by_mistake_is_waived_by_another_of_the_group(story: Story):
    required(story).then("eli", "waive", reason="指标算错了。")
    assert (story.state, story.outcome("plan_submission")) == ("waived", "stopped")
