"""Stories of plans that watch, of orders that change, and of interruptions that find whom they hit."""

import json
from typing import Any

import pytest

from reports.linked_cases import linked
from tests.case_actions import case_of, query_rows
from tests.stories.story import Story
from tests.stories.test_finding_story import raised
from tests.stories.test_service_order_story import (
    ARRANGEMENT,
    CONFIRM_IN_48_HOURS,
    EVERY_CRITERION,
    FAULT,
    NO_FUNCTION,
    TASK,
    completed,
    executing,
    planned,
)

BACK = "2026-03-20T09:00:00+08:00"


def found(story: Story, cause: str = "no_training") -> str:
    """Raise a finding of the delivery department with this cause; return its number."""
    return raised(story).then("hal", "propose_measure", cause=cause, measure="逐班培训。").number


def plans(story: Story) -> list[dict[str, Any]]:
    """Return the improvement plans, oldest first."""
    return query_rows(story.store, "SELECT number, state, cycle FROM cases WHERE kind = 'improvement_plan' ORDER BY id")


def verified(story: Story) -> str:
    """Let three findings of one cause call for a plan, carry it out and verify it; return its number."""
    for _ in range(3):
        found(story)
    [plan] = plans(story)
    story.on(plan["number"])
    story.then("max", "submit", plan="培训。", measures="每周。", proposed_due=BACK)
    story.then("eva", "accept_plan", due_at=BACK).then("hal", "complete", done="已培训。", evidence="签到表。")
    story.then("eva", "verify_effect", effect="effective", before=8000, after=9100, evidence="抽查。")
    return plan["number"]


@pytest.mark.requirement("E3")
def test_a_like_finding_within_the_watch_begins_the_plan_anew_and_opens_no_other(story: Story):
    number = verified(story)
    story.after(days=1)
    found(story, "another_cause")
    assert [plan["state"] for plan in plans(story)] == ["verified"], "another cause says nothing of this plan"
    found(story)
    assert plans(story) == [{"number": number, "state": "awaiting_plan", "cycle": 2}]
    for _ in range(3):
        found(story)
    assert len(plans(story)) == 1, "what is found while the plan is at work belongs to it"


@pytest.mark.requirement("E3")
def test_a_finding_of_before_the_effect_was_verified_shows_no_recurrence(story: Story):
    early = raised(story).number
    number = verified(story)
    story.after(days=1).on(early).then("hal", "propose_measure", cause="no_training", measure="逐班培训。")
    assert plans(story) == [{"number": number, "state": "verified", "cycle": 1}]


@pytest.mark.requirement("E3")
@pytest.mark.parametrize(
    ("indicator", "target", "before", "after", "moved"),
    [
        ("satisfaction_rate", 9000, 8000, 7000, False),
        ("satisfaction_rate", 9000, 8000, 8000, False),
        ("satisfaction_rate", 9000, 8000, 8100, True),
        ("complaint_rate", 500, 700, 800, False),
        ("complaint_rate", 500, 700, 600, True),
        ("satisfaction_rate", None, 8000, 7000, False),
        ("complaint_rate", None, 700, 600, True),
    ],
)
def test_an_effect_moves_the_figure_towards_the_target(
    story: Story, indicator: str, target: int | None, before: int, after: int, moved: bool
):
    story.opens("improvement_plan", "低于目标。", by="eva")
    story.then("eva", "require", department="delivery", indicator=indicator, target=target, due_at=BACK)
    story.then("max", "submit", plan="培训。", measures="每周。", proposed_due=BACK)
    story.then("eva", "accept_plan", due_at=BACK).then("hal", "complete", done="已培训。", evidence="签到表。")
    effect = {"effect": "effective", "before": before, "after": after, "evidence": "月报。"}
    if moved:
        assert story.then("eva", "verify_effect", **effect).state == "verified"
        return
    assert story.refused("eva", "verify_effect", **effect).params["guards"] == ["better", "not_effective", "dated"]
    story.then("eva", "verify_effect", **{**effect, "effect": "not_effective", "due_at": BACK})
    assert story.state == "awaiting_plan"


@pytest.mark.requirement("C2")
def test_one_failed_acceptance_after_another_is_one_finding(story: Story):
    completed(story)
    order = story.number
    for hour in (10, 11):
        story.on(order).then(
            "amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at=f"2026-03-04T{hour}:00:00+08:00"
        ).then("hal", "rectify", done="已校准。")
    findings = query_rows(story.store, "SELECT number FROM cases WHERE kind = 'finding'")
    assert len(findings) == 1


@pytest.mark.requirement("C5")
def test_an_agreed_change_changes_what_the_order_costs_and_when_it_ends(story: Story):
    """The plan costs 8,600 yuan and ends on 7 March at 18:00."""
    executing(story)
    story.then("amy", "change", change="改送汉口。", plan_effect="多一段。", cost_delta=50_000, days_delta=1)
    story.then("amy", "change", change="少一台。", plan_effect="一台。", cost_delta=-200_000, days_delta=0)
    variables = json.loads(story.variables)
    assert (variables["cost"], variables["ends_at"]) == (710_000, "2026-03-08T10:00:00.000000Z")


@pytest.mark.requirement("C2")
def test_an_order_is_accepted_by_the_criteria_of_its_plan(story: Story):
    planned(story, criteria="level,no_scratch").then("ops", "cosign", department="operations").then(
        "sid", "approve_plan"
    )
    story.then("amy", "customer_consents", consent="同意。").then("amy", "confirm_arrangement", **ARRANGEMENT)
    story.then("sid", "assign_task", **TASK).then("hal", "start").then("hal", "complete", done="已就位。")
    for met in ({}, {"met": "level"}):
        refused = story.refused("amy", "pass_acceptance", **EVERY_CRITERION, **met, report="YS-1")
        assert refused.params["guards"] == ["accepted"]
    story.then("amy", "pass_acceptance", **EVERY_CRITERION, met="no_scratch,level", report="YS-1")
    assert story.state == "resolved"


@pytest.mark.requirement("G1")
@pytest.mark.parametrize(
    ("criteria", "hit"),
    [
        ({"route": "hu_yu"}, [0, 1]),
        ({"port": "yangshan"}, [1]),
        ({"route": "hu_yu", "port": "wuhan"}, [0]),
        ({"waybills": "SF-2，sf3\nSF9"}, [1, 2]),
        ({"route": "hu_yu", "waybills": "SF2 SF3"}, [1]),
        ({"route": "elsewhere"}, []),
    ],
)
def test_the_affected_orders_are_found_by_route_port_and_waybills(
    story: Story, criteria: dict[str, str], hit: list[int]
):
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    orders: list[str] = []
    ways = (
        {"route": "hu_yu", "ports": "shanghai,wuhan"},
        {"route": "hu_yu", "ports": "yangshan"},
        {"route": "jing_hu"},
    )
    for n, way in enumerate(ways, 1):
        story.opens("order", "两台机床。", shipment=f"SF{n}")
        story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="market")
        story.then("sal", "analyse_needs", lead_department="delivery", on_site_survey=True, report="门宽。")
        plan = {
            "content": "门到门。",
            "standard": "无划痕。",
            "procedure": "吊装。",
            "cost": 1,
            "cosigners": "operations",
        }
        story.then(
            "hal", "plan", **plan, starts_at="2026-03-05T08:00:00+08:00", ends_at="2026-03-07T18:00:00+08:00", **way
        )
        orders.append(story.number)
    story.opens("interruption", "大雾。", by="ops")
    story.then("ops", "declare", what="封航", since="2026-03-02T06:00:00+08:00")
    story.then("mei", "start_plan", contingency="port_closed", plan="改走陆路。")
    story.then("ops", "find_affected", kind="service_order", **criteria)
    assert [case.number for case in linked(story.store, case_of(story.store, story.number)["id"])] == [
        orders[n] for n in hit
    ]
