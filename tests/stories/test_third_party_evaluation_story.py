"""Stories of third parties' evaluations: scores beside our own figures, a finding for each department with a gap."""

import json
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.variable_views import labelled
from engine.order_tallies import ATTRIBUTES, Tallies, record_orders
from tests.case_actions import query_rows
from tests.editions import publishes
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("E1")

BY_SGS = {"assessor": "某某测评公司", "announcement": "unannounced", "period": "2026-03"}


def orders(story: Story, count: int = 50, department: str = "claims") -> None:
    """Import so many completed orders of a department, all of them on time."""
    values = dict(zip(ATTRIBUTES, ("logistics", "", "", department, ""), strict=True))
    counts = Counter(orders_completed=count, orders_promised=count, orders_on_time=count)
    tallies = Tallies(count, counts={(story.now.date(), tuple(values.values())): counts})
    record_orders(story.store, department, department, ZoneInfo("Asia/Shanghai"), tallies, "ops", story.now)


def scored(story: Story, scores: str, **more: str) -> Story:
    return story.opens("third_party_evaluation", "暗访。", by="mak").then(
        "mak", "record_scores", scores=scores, **BY_SGS | more
    )


def known(story: Story) -> dict[str, Any]:
    return json.loads(story.variables)


def findings(story: Story) -> list[str]:
    return [row["number"] for row in query_rows(story.store, "SELECT number FROM cases WHERE kind = 'finding'")]


def test_a_gap_opens_one_finding_for_the_department_with_the_numbers_inside(story: Story):
    orders(story)
    orders(story, department="hotline")
    scored(story, "claims:on_time_share:6250 claims:attitude:9500 hotline:on_time_share:9500")
    number, found = story.number, known(story)
    assert (story.state, found["gaps"], found["gap_limit"]) == ("compared", 1, 10)
    assert found["comparison"].split() == [
        "claims:on_time_share:6250:10000:50:gap",
        "claims:attitude:9500::0:no_figure",
        "hotline:on_time_share:9500:10000:50:within",
    ]
    [finding] = findings(story)
    assert story.child("finding") == finding
    case = known(story.on(finding))
    assert (story.state, case["department"], case["origin"]) == ("assigned", "claims", "third_party")
    assert (case["gaps"], case["gap_limit"]) == ("claims:on_time_share:6250:10000:50:gap", 10)
    shown = dict(labelled("zh_CN", "finding", case)).values()
    assert "理赔部 准时送达率：第三方 62.50，本单位 100.00（样本 50），差 37.50，差距超限" in shown
    story.on(number)


def test_corrected_scores_are_compared_again_and_open_no_second_finding(story: Story):
    orders(story)
    scored(story, "claims:on_time_share:6250")
    story.then("mak", "record_scores", scores="claims:on_time_share:7000", **BY_SGS)
    assert (story.state, known(story)["comparison"]) == ("compared", "claims:on_time_share:7000:10000:50:gap")
    assert len(findings(story)) == 1


def test_a_small_sample_of_our_own_opens_nothing_and_says_so(story: Story):
    orders(story, 1)
    scored(story, "claims:on_time_share:0")
    assert (known(story)["gaps"], known(story)["comparison"]) == (0, "claims:on_time_share:0:10000:1:small")
    assert findings(story) == []


def test_a_third_party_that_rates_us_higher_opens_nothing(story: Story):
    orders(story)
    publishes(story.store, "third_party", gap=1)
    scored(story, "claims:on_time_share:10000")
    assert findings(story) == []


def test_a_planned_evaluation_awaits_its_scores_until_the_date(story: Story):
    story.opens("third_party_evaluation", "第一季度测评。", by="mak")
    story.then("mak", "plan_visit", assessor="某某测评公司", period="2026-03", due_at="2026-03-09T09:00:00+08:00")
    assert (story.state, story.outcome("third_party_visit")) == ("planned", None)
    story.after(days=8)
    assert story.level > 0, "whoever is late is escalated"
    form = {**BY_SGS, "announcement": "planned"}
    story.then("mak", "record_scores", scores="claims:attitude:9000", **form)
    assert story.state == "compared"


@pytest.mark.requirement("F3")
def test_whoever_reviews_the_evaluation_hands_in_no_scores(story: Story):
    story.opens("third_party_evaluation", "暗访。", by="mak")
    for handle in ("eva", "han", "sue"):
        assert story.refused(handle, "record_scores", scores="claims:attitude:9000", **BY_SGS).code == "role"


def test_the_finding_is_tracked_to_its_verified_effect(story: Story):
    orders(story)
    scored(story, "claims:on_time_share:6250")
    story.on(story.child("finding")).then("han", "propose_measure", cause="wording", measure="复训。")
    story.then("han", "rectify", done="已复训。", evidence="签到表。")
    story.then("quin", "verify_effect", effect="effective", evidence="复测 95 分。")
    assert story.state == "verified"
