"""Stories of appraisals: computed by the pack's weights, shown to the person, disputed, computed again, final."""

import json
from typing import Any

import pytest

from tests.case_actions import moves_of
from tests.editions import publishes
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("E6")

COMMISSION = {"appraised": "han", "department": "claims", "period": "2026-03"}


def judged_complaint(story: Story, **scores: int) -> str:
    """Have han resolve a complaint that its customer is satisfied with; amy proposes the solution."""
    story.opens("complaint", "签收时发现货物破损,外箱塌了一角。").then("amy", "reply", message="我们正在查。")
    story.then("han", "investigate", findings="叉车碰倒。", cause="handling")
    story.then("amy", "propose_solution", solution="按合同赔付。").then("han", "resolve", result="已赔付。")
    story.after(days=1).then("ann", "revisit", outcome="satisfied", **scores)
    return story.number


def appraised(story: Story, **fields: str) -> Story:
    story.opens("appraisal", "三月考核。", by="hera")
    return story.then("hera", "commission", **COMMISSION | fields)


def known(story: Story) -> dict[str, Any]:
    return json.loads(story.variables)


@pytest.mark.requirement("E4")
def test_an_appraisal_is_computed_from_what_was_observed_and_shown_with_the_cases_behind_it(story: Story):
    behind = judged_complaint(story, attitude=5)
    appraised(story)
    found = known(story)
    assert (story.state, found["appraisal_score"], found["observed"], found["listed"]) == ("shown", 10_000, 60, behind)
    parts = found["figures"].split("; ")
    assert parts[1] == "first_reply ×20: –", "amy replied, so nothing is known of han, which is no praise and no blame"
    assert parts[0].startswith("satisfied_share ×40: 100.00 (n=1, 20.65–100.00, small)"), (
        "with its interval, and said to be small"
    )
    assert story.mails("han@example.com")[-1] == f"您的绩效考核结果（{story.number}）"


def test_whom_nothing_is_known_of_has_no_score(story: Story):
    appraised(story, appraised="hal", department="delivery")
    found = known(story)
    assert (story.state, found["observed"], found["cases_behind"]) == ("shown", 0, 0)
    assert "appraisal_score" not in found or found["appraisal_score"] is None


@pytest.mark.requirement("E4")
def test_the_person_reads_his_appraisal_and_no_colleague_does(story: Story):
    appraised(story)
    assert [handle for handle in ("han", "hal", "amy", "sue", "hera", "odd", "sid") if story.reads(handle)] == [
        "han",
        "sue",
        "hera",
        "odd",
    ]


@pytest.mark.requirement("E4")
def test_nobody_appeals_and_the_appraisal_is_final_after_the_window(story: Story):
    appraised(story).after(days=7, seconds=1)
    assert story.state == "settled"
    assert story.refused("han", "appeal", grounds="太低。").code == "not_now"


def test_the_person_may_accept_it_at_once_and_nobody_else(story: Story):
    appraised(story)
    assert story.refused("sue", "accept").code == "guard"
    story.then("han", "accept")
    assert story.state == "settled"


@pytest.mark.requirement("E4")
def test_a_won_appeal_has_it_computed_again_and_the_time_to_appeal_begins_anew(story: Story):
    appraised(story).then("han", "appeal", grounds="漏算了一件。")
    number, appeal = story.number, story.child("appeal")
    assert story.state == "appealed"
    judged_complaint(story, attitude=5)
    story.on(appeal).then("eva", "form_panel", panel_lead="pam").then("pam", "reverify", findings="确有遗漏。")
    story.then("pia", "uphold_appeal", correction="重新计算。")
    story.on(number)
    assert (story.state, known(story)["drawings"], known(story)["appraisal_score"]) == ("shown", 2, 10_000)
    story.then("han", "accept")


@pytest.mark.requirement("E4")
def test_a_lost_appeal_leaves_it_as_it_was_and_is_not_made_twice(story: Story):
    appraised(story).then("han", "appeal", grounds="太低。")
    number = story.number
    story.on(story.child("appeal")).then("eva", "form_panel", panel_lead="pam").then(
        "pam", "reverify", findings="无误。"
    )
    story.then("pia", "dismiss_appeal", reasons="计算无误。")
    assert story.on(number).state == "shown"
    assert moves_of(story.store, number)[-1] == "appeal_dismissed"
    assert story.refused("han", "appeal", grounds="还是太低。").code == "guard"


@pytest.mark.requirement("F3")
def test_nobody_commissions_his_own_and_whoever_commissioned_does_not_judge_the_appeal(story: Story):
    story.opens("appraisal", "三月考核。", by="hera")
    assert story.refused("hera", "commission", **COMMISSION | {"appraised": "hera"}).code == "guard"
    story.then("eva", "commission", **COMMISSION).then("han", "appeal", grounds="太低。")
    story.on(story.child("appeal"))
    assert story.refused("eva", "form_panel", panel_lead="pam").code in {"recused", "took_part"}


def test_a_formula_that_names_no_published_indicator_computes_nothing_and_says_why(story: Story):
    publishes(story.store, "appraisal.weights", attitude=10, nonsense=10)
    appraised(story)
    assert (story.state, story.moves[-1]) == ("opened", "not_computed")
