"""Stories of findings: from a check to a verified effect; none is dropped or audited by its own handler."""

import json

import pytest

from engine.actors import NewActor, add_actor
from statemachines.roles import Role
from tests.stories.story import Story


def raised(story: Story) -> Story:
    """Raise a finding of a check, and let the quality team assign it to the delivery department."""
    story.opens("finding", "抽查发现三份签收单没有签名。", by="quin")
    return story.then("quin", "assign_owner", department="delivery", severity="high", owner="hal", origin="check")


def rectified(story: Story) -> Story:
    story.then("hal", "propose_measure", cause="no_training", measure="逐班培训,补签。")
    return story.then("hal", "rectify", done="已培训两班,三份已补签。", evidence="培训签到表。")


@pytest.mark.requirement("F1")
def test_a_finding_is_tracked_to_its_verified_closure(story: Story):
    story.opens("finding", "抽查发现三份签收单没有签名。", by="quin")
    assert story.state == "raised"
    story.then("quin", "assign_owner", department="delivery", owner="hal", origin="audit")
    rectified(story)
    assert story.state == "rectified"
    story.then("eva", "verify_effect", effect="effective", evidence="再抽二十份,全部有签名。")
    variables = json.loads(story.variables)
    assert (story.state, variables["cause"], variables["origin"]) == ("verified", "no_training", "audit")
    story.after(days=3)
    assert (story.state, story.moves[-1]) == ("archived", "archive")


@pytest.mark.requirement("F1")
def test_a_finding_without_effect_goes_another_round_one_level_higher(story: Story):
    rectified(raised(story))
    story.then("odd", "verify_effect", effect="not_effective", evidence="再抽二十份,四份没有签名。")
    assert (story.state, story.level) == ("assigned", 1)
    rectified(story).then("odd", "verify_effect", effect="effective", evidence="全部有签名。")
    assert story.state == "verified"


@pytest.mark.requirement("F3")
def test_the_handler_of_a_finding_does_not_verify_it(story: Story):
    raised(story)
    assert story.refused("quin", "propose_measure", cause="no_training", measure="培训。").code == "role"
    rectified(story)
    assert story.refused("hal", "verify_effect", effect="effective", evidence="我看过了。").code == "role"


@pytest.mark.requirement("F3")
def test_an_actor_with_both_roles_does_not_verify_his_own_measure(story: Story):
    with story.store.writing() as tx:
        add_actor(tx, NewActor("quentin", (Role.QUALITY_TEAM, Role.HANDLER)))
    raised(story).then("quentin", "propose_measure", cause="no_training", measure="培训。")
    story.then("hal", "rectify", done="已培训。", evidence="签到表。")
    assert story.refused("quentin", "verify_effect", effect="effective", evidence="我看过了。").code == "own_work"


@pytest.mark.requirement("F1")
def test_a_finding_is_dropped_only_by_two_people_with_a_coded_reason(story: Story):
    raised(story)
    assert story.refused("hal", "propose_cancel", code="not_substantiated", reason="有签名。").code == "role"
    assert story.refused("quin", "propose_cancel", code="no_time", reason="没空。").code == "form"
    story.then("quin", "propose_cancel", code="not_substantiated", reason="签名在背面。")
    assert story.refused("quin", "cancel", code="not_substantiated", reason="签名在背面。").code == "own_work"
    story.then("odd", "keep_open", reason="背面只有两份。")
    assert story.state == "assigned"
    story.then("quin", "propose_cancel", code="not_substantiated", reason="第三份也找到了。")
    story.then("odd", "cancel", code="not_substantiated", reason="三份都有。")
    assert story.state == "cancelled"


@pytest.mark.requirement("F1")
def test_rectification_runs_to_the_agreed_date_or_to_the_packs_limit(story: Story):
    story.promises(finding_rectification={"amount": 10, "unit": "days"})
    raised(story).then(
        "hal", "propose_measure", cause="no_training", measure="培训。", due_at="2026-03-04T09:00:00+08:00"
    )
    story.after(days=2, minutes=1)
    assert story.steps("finding_rectification") == [75, 100]
    story.then("hal", "rectify", done="已培训。", evidence="签到表。")
    assert story.outcome("finding_rectification") == "breached"
    story.then("odd", "verify_effect", effect="not_effective", evidence="还有四份。")
    story.then("hal", "propose_measure", cause="no_training", measure="再培训。")
    story.after(days=8).then("hal", "rectify", done="再培训了。", evidence="签到表。")
    assert [timer["outcome"] for timer in story.timers("finding_rectification")] == ["breached", "met"]


@pytest.mark.requirement("F1")
@pytest.mark.requirement("E3")
def test_the_third_finding_of_one_cause_in_a_department_calls_for_an_improvement_plan(story: Story):
    causes = ("no_training", "no_training", "broken_printer", "no_training")
    numbers = [raised(story).then("hal", "propose_measure", cause=cause, measure="培训。").number for cause in causes]
    with pytest.raises(IndexError):
        story.on(numbers[1]).child("improvement_plan")
    plan = story.on(numbers[3]).child("improvement_plan")
    variables = json.loads(story.on(plan).variables)
    assert (variables["department"], variables["cause"], variables["parent"]) == ("delivery", "no_training", numbers[3])


@pytest.mark.requirement("F1")
def test_findings_of_other_departments_do_not_count(story: Story):
    for department in ("delivery", "delivery", "claims"):
        story.opens("finding", "抽查。", by="quin").then("quin", "assign_owner", department=department)
        story.then("han", "propose_measure", cause="no_training", measure="培训。")
    with pytest.raises(IndexError):
        story.child("improvement_plan")
