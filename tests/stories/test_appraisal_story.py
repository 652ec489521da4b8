"""Stories of appraisals: computed by the pack's weights, shown to the person, disputed, computed again, final."""

import json
from typing import Any

import pytest

from apps.variable_views import labelled
from engine.conduct.draws import WantedSample, draw
from engine.conduct.sheets import GivenSheet, score_contact
from reports.appraisal_parts import figures_text
from reports.indicators.names import shipped_names
from tests.case_actions import DAY, moves_of
from tests.editions import publishes
from tests.engine.conduct.reviewed_contacts import marks, person
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("E6")

BY_TELEPHONE = {"message": "我们正在查。", "medium": "phone", "recipient": "王女士"}
COMMISSION = {"appraised": "han", "department": "claims", "period": "2026-03"}


def judged_complaint(story: Story, **scores: int) -> str:
    """Have han resolve a complaint that its customer is satisfied with; amy proposes the solution."""
    story.opens("complaint", "签收时发现货物破损,外箱塌了一角。").then("amy", "reply", message="我们正在查。")
    story.then("han", "investigate", findings="叉车碰倒。", cause="handling")
    story.then("amy", "propose_solution", solution="按合同赔付。").then("han", "resolve", result="已赔付。")
    story.after(days=1).then("ann", "revisit", outcome="satisfied", **scores)
    return story.number


def drawn_contacts(story: Story, count: int) -> int:
    """Have han talk to customers by telephone, and draw those contacts; return the number of the draw."""
    for nth in range(count):
        story.opens("complaint", f"第{nth}件货物破损。").then("han", "reply", **BY_TELEPHONE)
    story.after(minutes=1)
    since, until = story.now - DAY, story.now
    return draw(story.store, person(story.store, "quin"), WantedSample("phone", since, until, count), story.now)


def scored(
    story: Story, draw_id: int, position: int, revision: int = 0, reason: str = "", outcome: str = "passed", **of: str
) -> None:
    given = GivenSheet(draw_id, position, revision, marks(outcome, **of), reason)
    score_contact(story.store, person(story.store, "quin"), given, story.now)


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
    assert (story.state, found["appraisal_score"], found["observed"], found["listed"]) == ("shown", 10_000, 45, behind)
    parts = found["figures"].split(" ")
    assert parts[0] == "satisfied_share:30:100.00:1:20.65:100.00:small", "with its interval, and said to be small"
    assert parts[1] == "first_reply:20::0:::", "amy replied, so nothing is known of han: no praise and no blame"
    assert parts[4] == "conduct:15::0:::", "no contact of his was scored"
    assert story.mails("han@example.com")[-1] == f"您的绩效考核结果（{story.number}）"


@pytest.mark.parametrize(
    ("locale", "first", "last"),
    [
        ("zh_CN", "满意率（权重 30）：100.00（样本 1，95% 置信区间 20.65–100.00，样本偏少）",
         "服务规范抽查（权重 15）：无观察结果"),
        ("en", "Satisfied share, weight 30: 100.00 (n = 1, 95 % interval 20.65–100.00, small sample)",
         "Conduct in sampled contacts, weight 15: nothing observed"),
    ],
)  # fmt: skip
def test_everybody_reads_the_parts_in_his_language(story: Story, locale: str, first: str, last: str):
    judged_complaint(story, attitude=5)
    appraised(story)
    said = figures_text(locale, known(story)["figures"], shipped_names())
    assert (said.startswith(first), said.endswith(last)) == (True, True)
    assert said in dict(labelled(locale, "appraisal", known(story))).values(), "and so on the pages"


def test_what_an_earlier_release_recorded_in_words_is_shown_as_it_is():
    words = "satisfied_share ×40: 100.00 (n=1, 20.65–100.00, small); first_reply ×20: –"
    assert figures_text("zh_CN", words, shipped_names()) == words


@pytest.mark.requirement("F5")
def test_conduct_counts_once_enough_contacts_were_scored(story: Story):
    draw_id = drawn_contacts(story, 4)
    for position, answer in enumerate(("passed", "failed"), 1):
        scored(story, draw_id, position, answer=answer)
    scored(story, draw_id, 3, outcome="not_observed")
    appraised(story)
    assert known(story)["figures"].split(" ")[4] == "conduct:15::2:::few", "what was not observed is no score"
    assert known(story)["observed"] == 20
    scored(story, draw_id, 4)
    appraised(story)
    [conduct] = [part for part in known(story)["figures"].split(" ") if part.startswith("conduct")]
    assert conduct.startswith("conduct:15:93.33:3:"), "(100 + 80 + 100) / 3"
    assert known(story)["cases_behind"] == 4


@pytest.mark.requirement("E4")
@pytest.mark.requirement("F5")
@pytest.mark.parametrize("accepted", [False, True])
def test_a_corrected_score_of_conduct_has_the_appraisal_computed_again(story: Story, accepted: bool):
    draw_id = drawn_contacts(story, 3)
    for position in (1, 2, 3):
        scored(story, draw_id, position, answer="failed")
    appraised(story)
    before = known(story)["appraisal_score"]
    if accepted:
        story.then("han", "accept")
    number = story.after(minutes=1).number
    scored(story, draw_id, 1, 1, reason="他当时报出了日期。")
    story.after(days=1)
    assert story.on(number).state == "shown"
    assert (known(story)["drawings"], known(story)["appraisal_score"] > before) == (2, True)
    story.after(days=1)
    assert known(story)["drawings"] == 2, "what is computed again once rests on nothing that was corrected since"


def test_a_correction_that_changes_no_score_computes_nothing_again(story: Story):
    draw_id = drawn_contacts(story, 3)
    for position in (1, 2, 3):
        scored(story, draw_id, position)
    number = appraised(story).after(minutes=1).number
    scored(story, draw_id, 1, 1, reason="备注补充。")
    story.after(days=1)
    assert known(story.on(number))["drawings"] == 1


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
    publishes(story.store, "appraisal.weights", attitude=5, nonsense=10)
    appraised(story)
    assert (story.state, story.moves[-1]) == ("opened", "not_computed")
