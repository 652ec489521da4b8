"""Stories of service orders: booked, planned, agreed, carried out, accepted, called back; and what may go wrong."""

import json

import pytest

from engine.actors import CUSTOMER, customer_actor
from models.columns import to_micros
from tests.case_actions import query_rows
from tests.stories.story import Story

WANG = "wang@example.com"
BOOKING = "两台机床,从上海运到武汉,需要吊装。"
CONFIRM_IN_48_HOURS = {"amount": 48, "unit": "hours"}


def plan_of(**differs: object) -> dict[str, object]:
    return {
        "content": "两台机床,门到门。",
        "standard": "防震包装,无划痕。",
        "procedure": "吊装、加固、公路运输、卸车。",
        "cost": 860_000,
        "starts_at": "2026-03-05T08:00:00+08:00",
        "ends_at": "2026-03-07T18:00:00+08:00",
        "cosigners": "operations",
        **differs,
    }


ARRANGEMENT = {"people": "司机李师傅,吊装两人", "equipment": "17米平板车", "route": "沪渝高速", "handling": "先加固。"}
TASK = {"department": "delivery", "owner": "hal", "due_at": "2026-03-05T08:00:00+08:00"}
EVERY_CRITERION = {"documents": True, "site": True, "function": True}
NO_FUNCTION = {"documents": True, "site": True, "function": False}
FAULT = {"report": "YS-0307", "cause": "loose_fixing", "responsible": "delivery", "measure": "重新校准。"}


def reviewed(story: Story) -> Story:
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    story.opens("order", BOOKING, customer="王先生", phone="13800138000", email=WANG)
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="market")
    return story.then("sal", "analyse_needs", lead_department="delivery", on_site_survey=True, report="门宽四米。")


def planned(story: Story, **differs: object) -> Story:
    return reviewed(story).then("hal", "plan", **plan_of(**differs))


def approved(story: Story) -> Story:
    return planned(story).then("ops", "cosign", department="operations").then("sid", "approve_plan")


def confirmed(story: Story) -> Story:
    approved(story)
    story.then("amy", "customer_consents", consent="客户来电同意。")
    return story.then("amy", "confirm_arrangement", **ARRANGEMENT)


def executing(story: Story) -> Story:
    return confirmed(story).then("sid", "assign_task", **TASK).then("hal", "start")


def completed(story: Story) -> Story:
    return executing(story).then("hal", "complete", done="两台均已就位。")


def resolved(story: Story) -> Story:
    return completed(story).then("amy", "pass_acceptance", **EVERY_CRITERION, report="YS-0307")


def by_the_customer(story: Story, move: str, **form: object) -> Story:
    """Make a move as the portal does for the customer, who has no account."""
    with story.store.writing() as tx:
        customer_actor(tx, to_micros(story.now))
    return story.then(CUSTOMER, move, **form)


def calls(story: Story) -> list[tuple[int, str | None]]:
    """Return the planned calls and their outcomes."""
    sql = "SELECT b.attempt, b.outcome FROM callback b JOIN cases c ON c.id = b.case_id WHERE c.number = :n ORDER BY 1"
    return [(row["attempt"], row["outcome"]) for row in query_rows(story.store, sql, n=story.number)]


@pytest.mark.requirement("C1")
@pytest.mark.requirement("C6")
@pytest.mark.requirement("D1")
def test_an_order_goes_its_whole_way(story: Story):
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    story.opens("order", BOOKING, customer="王先生", phone="13800138000", email=WANG)
    assert story.number.startswith("so-26-")
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="market")
    story.then("sal", "analyse_needs", lead_department="delivery", on_site_survey=True, report="门宽四米。")
    story.then("hal", "plan", **plan_of(cosigners="claims operations"))
    story.then("han", "cosign", department="claims").then("ops", "cosign", department="operations")
    story.then("sid", "approve_plan")
    story.after(hours=5).then("amy", "customer_consents", consent="客户来电同意。")
    story.then("amy", "confirm_arrangement", **ARRANGEMENT)
    assert (story.state, story.outcome("confirm_booking")) == ("confirmed", "met")
    story.then("sid", "assign_task", **TASK)
    story.until("2026-03-05T07:30+08:00").then("hal", "start")
    assert story.outcome("assignment") == "met"
    story.until("2026-03-07T15:00+08:00").then("hal", "complete", done="两台均已就位。")
    story.then("amy", "pass_acceptance", **EVERY_CRITERION, report="YS-0307", summary="按方案完成。")
    assert (story.state, story.moves[-1]) == ("resolved", "letter_sent")
    assert story.refused("amy", "revisit", outcome="satisfied").code == "own_work", "she told him the arrangement"
    story.then("ann", "revisit", outcome="satisfied", timeliness=5, intact_goods=5)
    story.after(days=3)
    assert (story.state, story.outcome("revisit")) == ("archived", "met")
    assert story.mails(WANG) == [
        f"已收到您的订单（编号 {story.number}）",
        f"关于您的订单（编号 {story.number}）：服务方案",
        f"您的订单 {story.number} 的服务安排已确认",
        f"服务确认函（订单 {story.number}）",
    ]


@pytest.mark.requirement("C1")
def test_an_incomplete_order_goes_back_to_the_customer(story: Story):
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    story.opens("service", BOOKING)
    refused = story.refused("amy", "review", accurate=True, complete=False, category="machine_transport")
    assert (refused.code, refused.params["guards"]) == ("guard", ["in_order"])
    story.after(hours=10).then("amy", "ask_customer", question="机床多重?")
    story.after(days=5).then("amy", "customer_answers", answer="每台六吨。")
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport")
    assert story.steps("confirm_booking") == [], "the timer paused while the customer corrected his order"
    story.after(hours=26, minutes=1)
    assert story.steps("confirm_booking") == [75], "and continued with the time consumed"


@pytest.mark.requirement("C1")
@pytest.mark.requirement("A5")
def test_the_company_confirms_within_48_hours_without_the_customers_own_time(story: Story):
    planned(story).then("ops", "cosign", department="operations").after(hours=30).then("sid", "approve_plan")
    story.after(days=4)
    assert (story.steps("confirm_booking"), story.fires("confirm_booking")) == ([], None)
    story.then("amy", "customer_consents", consent="客户来电同意。")
    story.after(hours=18, minutes=1)
    assert story.steps("confirm_booking") == [75, 100]
    story.then("amy", "confirm_arrangement", **ARRANGEMENT)
    assert (story.outcome("confirm_booking"), story.level) == ("breached", 1)


@pytest.mark.requirement("C1")
@pytest.mark.requirement("F3")
def test_a_plan_is_signed_by_the_departments_and_approved_by_a_superior_who_did_not_write_it(story: Story):
    reviewed(story)
    assert story.refused("sid", "plan", **plan_of(cosigners="")).code == "form", "somebody besides the planner signs"
    assert story.refused("sid", "plan", **plan_of(cosigners="claims clams")).code == "unknown_department"
    story.then("sid", "plan", **plan_of(cosigners="claims operations"))
    for signer, department in (("mei", "理赔"), ("ops", "运营")):
        assert department in story.mails(f"{signer}@example.com")[-1], "who signs for his department hears of it"
    assert story.refused("sid", "cosign", department="delivery").code == "own_work"
    for signer, department in (("han", "operations"), ("ops", "claims"), ("hal", "delivery"), ("quin", "claims")):
        refused = story.refused(signer, "cosign", department=department)
        assert refused.params["guards"] == ["signs_for_his_own"], f"{signer} does not sign for {department}"
    story.then("han", "cosign", department="claims")
    assert story.refused("sue", "cosign", department="claims").code == "guard", "one signature a department"
    assert story.refused("sue", "approve_plan").params["guards"] == ["cosigned"]
    story.then("ops", "cosign", department="operations")
    assert story.mails("max@example.com")[-1].startswith(f"工单 {story.number} 待您处理"), "Sid wrote it, so it goes up"
    assert story.refused("sid", "approve_plan").code == "own_work"
    story.then("sue", "approve_plan")
    assert story.state == "plan_approved"


@pytest.mark.requirement("C1")
def test_a_plan_the_customer_declines_is_made_and_signed_again(story: Story):
    planned(story, cosigners="claims").then("han", "cosign", department="claims").then("sid", "approve_plan")
    story.then("amy", "customer_declines", reason="太贵。")
    variables = json.loads(story.variables)
    assert (story.state, variables["plans"]) == ("reviewed", 1)
    assert not variables.keys() & {"cost", "starts_at", "ends_at", "cosigners", "cosigned_by"}, (
        "a declined plan is void"
    )
    story.then("hal", "plan", **plan_of(cost=700_000, cosigners="claims"))
    assert story.refused("sid", "approve_plan").params["guards"] == ["cosigned"], "the old signature does not count"
    story.then("han", "cosign", department="claims").then("sid", "approve_plan")
    assert (story.state, json.loads(story.variables)["cost"]) == ("plan_approved", 700_000)


@pytest.mark.requirement("C1")
def test_nothing_is_planned_before_the_needs_are_known_and_the_lead_has_the_order(story: Story):
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    story.opens("order", BOOKING)
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="market")
    assert story.refused("hal", "plan", **plan_of()).params["guards"] == ["plannable"]
    story.then("sal", "analyse_needs", lead_department="delivery", on_site_survey=False, report="无需查勘。")
    assert story.moves[-1] == "assign", "the lead department has the order now"
    backwards = plan_of(ends_at="2026-03-04T08:00:00+08:00")
    assert story.refused("hal", "plan", **backwards).params["guards"] == ["plannable"]


@pytest.mark.requirement("C1")
def test_an_assigned_task_is_started_in_time_or_breached(story: Story):
    confirmed(story).then("sid", "assign_task", **TASK)
    story.then("sid", "assign_task", **{**TASK, "owner": "han", "department": "claims"})
    assert [timer["outcome"] for timer in story.timers("assignment")] == ["handed_over", None]
    story.until("2026-03-05T08:01+08:00")
    assert (story.state, story.steps("assignment"), story.level) == ("assigned", [75, 100], 1)
    story.then("han", "start")
    assert (story.state, story.outcome("assignment")) == ("executing", "breached")


@pytest.mark.requirement("C3")
def test_progress_is_pushed_at_agreed_nodes_and_a_missed_push_is_a_breach(story: Story):
    executing(story)
    story.then("hal", "agree_node", stage="loaded", due_at="2026-03-02T18:00:00+08:00")
    story.then("hal", "agree_node", stage="halfway", due_at="2026-03-03T12:00:00+08:00")
    assert story.refused("hal", "push_progress", node=3, text="到了。").params["guards"] == ["agreed_node"]
    story.after(hours=2).then("hal", "push_progress", node=1, text="两台已装车。", position="shanghai_depot")
    assert story.mails(WANG)[-1] == f"您的订单 {story.number} 的最新进度"
    story.then("hal", "push_progress", text="另告:天气晴好。")
    story.until("2026-03-03T12:01+08:00")
    assert [timer["outcome"] for timer in story.timers("progress_node")] == ["met", None]
    assert (story.steps("progress_node"), story.level) == ([75, 100], 1)
    story.then("hal", "push_progress", node=2, text="已过安庆。")
    assert story.outcome("progress_node") == "breached"


@pytest.mark.requirement("C8")
def test_a_tracking_request_is_a_task_of_the_transport_department_with_its_own_timer(story: Story):
    executing(story)
    story.then("amy", "request_tracking", department="delivery", due_at="2026-03-02T11:00:00+08:00")
    assert story.mails("hal@example.com")[-1] == f"订单 {story.number}：请报告货物位置"
    where = {"position": "hefei", "reported_by": "transport_system", "expected_at": "2026-03-03T09:00:00+08:00"}
    story.after(minutes=90).then("hal", "report_position", as_of="2026-03-02T10:20:00+08:00", **where)
    assert story.outcome("tracking") == "met"
    variables = json.loads(story.variables)
    assert (variables["position"], variables["as_of"]) == ("hefei", "2026-03-02T02:20:00.000000Z")
    assert variables["expected_at"] == "2026-03-03T01:00:00.000000Z"
    refused = story.refused("hal", "report_position", as_of="2026-03-02T09:00:00+08:00", **where)
    assert refused.params["guards"] == ["not_older"], "older data does not hide newer"
    story.then("amy", "request_tracking", department="delivery", due_at="2026-03-02T12:00:00+08:00")
    story.after(hours=2)
    assert story.steps("tracking") == [75, 75, 100], "the first request had neared its end as well"


@pytest.mark.requirement("C7")
def test_the_progress_is_checked_again_and_again(story: Story):
    story.promises(progress_check={"amount": 24, "unit": "hours"})
    executing(story)
    story.after(hours=12).then("sid", "check_progress", on_schedule=True, seen="按计划装车。")
    story.after(hours=24, minutes=1)
    assert [timer["outcome"] for timer in story.timers("progress_check")] == ["met", None]
    assert story.steps("progress_check") == [75, 100]


@pytest.mark.requirement("C7")
def test_feedback_of_the_customer_goes_to_the_department_at_work(story: Story):
    executing(story).then("amy", "feedback", feedback="司机很客气,但是来晚了。")
    assert story.mails("hal@example.com")[-1] == f"订单 {story.number}：客户对服务有反馈"
    assert story.state == "executing"


@pytest.mark.requirement("C4")
def test_a_serious_problem_goes_to_the_superior_and_comes_back_with_the_customers_consent(story: Story):
    executing(story)
    story.then("hal", "agree_node", stage="loaded", due_at="2026-03-02T18:00:00+08:00")
    story.then("hal", "raise_exception", trouble="serious_problem", what="吊车坏了。")
    assert story.state == "exception"
    assert story.mails("sid@example.com")[-1] == f"工单 {story.number} 待您处理：服务异常·待上级处理（客服班组长）"
    assert story.refused("hal", "settle_exception", solution="明天再吊。", consent="同意。").code == "role"
    story.until("2026-03-02T18:01+08:00")
    assert 100 in story.steps("progress_node"), "an exception postpones no promise to the customer"
    story.then("sid", "settle_exception", solution="换一台吊车,明早。", consent="客户来电同意。")
    assert story.state == "executing"


@pytest.mark.requirement("C4")
@pytest.mark.requirement("F3")
def test_the_reporter_of_an_exception_does_not_decide_on_it(story: Story):
    confirmed(story).then("sid", "assign_task", **TASK)
    story.then("sid", "raise_exception", trouble="special_request", what="客户要求夜间吊装。")
    assert story.fires("assignment") is None, "the timer of the assignment pauses while the superior decides"
    assert story.refused("sid", "settle_exception", solution="可以。", consent="同意。").code == "own_work"
    story.then("mei", "settle_exception", solution="加派夜班。", consent="客户同意加价。")
    assert story.state == "assigned"
    assert story.fires("assignment") is not None


@pytest.mark.requirement("C5")
def test_a_change_and_a_cancellation_state_their_effect(story: Story):
    executing(story)
    assert story.refused("amy", "change", change="改送汉口。").code == "form"
    story.then("amy", "change", change="改送汉口。", plan_effect="多一段市内运输。", cost_delta=50_000, days_delta=1)
    assert (story.state, json.loads(story.variables)["changes"]) == ("executing", 1)
    story.then("amy", "cancel", asked_by="customer", reason="厂房没有建好。", plan_effect="退车。", cost=120_000)
    assert story.state == "cancelled"


@pytest.mark.requirement("C5")
def test_an_accepted_order_cannot_be_cancelled(story: Story):
    resolved(story)
    refused = story.refused("amy", "cancel", asked_by="customer", reason="不要了。", plan_effect="无。")
    assert refused.code == "not_now"


@pytest.mark.requirement("C2")
def test_a_failed_acceptance_is_rectified_in_rounds_until_it_passes(story: Story):
    completed(story)
    assert story.refused("amy", "pass_acceptance", **NO_FUNCTION, report="YS-0307").params["guards"] == ["accepted"]
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at="2026-03-04T18:00:00+08:00")
    assert story.state == "rectifying"
    story.until("2026-03-04T17:00+08:00").then("hal", "rectify", done="已校准。")
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at="2026-03-05T18:00:00+08:00")
    story.until("2026-03-05T18:01+08:00").then("hal", "rectify", done="换了传感器。")
    assert [timer["outcome"] for timer in story.timers("rectification")] == ["met", "breached"]
    story.then("amy", "pass_acceptance", **EVERY_CRITERION, report="YS-0309")
    variables = json.loads(story.variables)
    assert (story.state, variables["rectifications"], variables["cause"]) == ("resolved", 2, "loose_fixing")


@pytest.mark.requirement("C2")
def test_a_customer_refuses_the_acceptance_and_signs_once_the_work_is_put_right(story: Story):
    by_the_customer(completed(story), "refuse_acceptance", reason="机床未校平。")
    assert story.state == "acceptance_refused"
    refused = story.refused("amy", "pass_acceptance", **EVERY_CRITERION, report="YS-0307")
    assert refused.code == "role", "nobody of staff signs for him"
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at="2026-03-04T18:00:00+08:00")
    assert story.state == "rectifying"
    story.until("2026-03-04T17:00+08:00").then("hal", "rectify", done="已校准。")
    by_the_customer(story, "pass_acceptance", **EVERY_CRITERION, report="王先生")
    assert (story.state, story.outcome("rectification")) == ("resolved", "met")


@pytest.mark.requirement("C5")
def test_whoever_has_the_order_hears_that_the_customer_asks_to_cancel_it(story: Story):
    before = len(executing(story).mails("hal@example.com"))
    by_the_customer(story, "request_cancellation", reason="船期取消。")
    assert story.state == "executing", "nothing stops before the cost is known"
    [mail] = story.mails("hal@example.com")[before:]
    assert (story.number in mail, "客户再次来访" in mail) == (True, True)
    assert all("船期取消" not in each for each in story.mails("hal@example.com")), "the mail holds none of his words"


@pytest.mark.requirement("C2")
def test_a_rectification_has_its_own_due_date_or_the_packs(story: Story):
    completed(story)
    story.promises(rectification={"amount": 2, "unit": "days"})
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT).after(days=2, minutes=1)
    assert story.steps("rectification") == [75, 100]


@pytest.mark.requirement("C2")
@pytest.mark.requirement("C4")
def test_an_exception_does_not_move_the_due_date_of_a_rectification(story: Story):
    completed(story).then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at="2026-03-04T18:00:00+08:00")
    story.then("hal", "raise_exception", trouble="special_request", what="客户要换一台。")
    story.after(days=1).then("sid", "settle_exception", solution="换一台。", consent="客户同意。")
    story.then("hal", "rectify", done="已更换。")
    assert (story.state, story.outcome("rectification")) == ("accepting", "met")


@pytest.mark.requirement("C2")
def test_a_failed_acceptance_opens_a_finding(story: Story):
    order = completed(story).number
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, due_at="2026-03-04T18:00:00+08:00")
    story.on(story.child("finding"))
    assert (story.state, json.loads(story.variables)["parent"]) == ("raised", order)


@pytest.mark.requirement("C2")
@pytest.mark.requirement("F3")
def test_a_third_party_accepts_only_if_the_customer_named_it_and_nobody_accepts_his_own_work(story: Story):
    executing(story)
    story.then("sid", "complete", done="两台均已就位。")
    assert story.refused("sid", "pass_acceptance", **EVERY_CRITERION, report="YS-0307").code == "own_work"
    signed = {**EVERY_CRITERION, "report": "SGS-11", "signed_by": "third_party"}
    assert story.refused("tess", "pass_acceptance", **signed).params["guards"] == ["accepted"]
    story.then("amy", "name_acceptor", acceptor="third_party", name="某某检测公司")
    as_customer = {**signed, "signed_by": "customer"}
    assert story.refused("tess", "pass_acceptance", **as_customer).params["guards"] == ["signs_for_itself"]
    story.then("tess", "pass_acceptance", **signed)
    assert story.state == "resolved"


@pytest.mark.requirement("C6")
def test_the_completion_letter_is_evidenced_by_the_key_of_its_delivery(story: Story):
    resolved(story)
    assert story.mails(WANG)[-1] == f"服务确认函（订单 {story.number}）"
    assert json.loads(story.variables)["letter"].startswith(f"{story.number}:")


@pytest.mark.requirement("D1")
@pytest.mark.requirement("F3")
def test_a_completed_order_is_called_back_but_not_by_its_handler(story: Story):
    resolved(story)
    assert story.refused("hal", "revisit", outcome="satisfied").code == "own_work"
    assert story.refused("hal", "attempt", attempts=1).code == "own_work", "nor does he say that nobody answered"
    story.then("ann", "attempt", attempts=1).after(hours=2).then("ann", "attempt", attempts=2, reason="busy")
    story.after(hours=2).then("ann", "attempt", attempts=3)
    assert (story.state, story.moves[-1]) == ("revisited", "unreachable")
    assert story.mails(WANG)[-1] == f"我们没能联系上您（订单 {story.number}）"


@pytest.mark.requirement("D1")
def test_a_callback_is_planned_automatically_and_done_by_a_manual_call(story: Story):
    resolved(story)
    assert calls(story) == [(1, None)]
    story.then("ann", "revisit", outcome="satisfied")
    assert calls(story) == [(1, "revisit")]


@pytest.mark.requirement("D1")
def test_a_customer_without_a_manual_call_is_called_by_the_telephone(story: Story):
    resolved(story).after(days=4)
    assert "attempt" in story.moves


@pytest.mark.requirement("D2")
def test_a_dissatisfied_customer_gets_a_complaint_and_the_order_goes_on(story: Story):
    resolved(story).then("ann", "revisit", outcome="dissatisfied", words="外箱破损,没有人管。")
    assert story.state == "revisited"
    order = story.number
    story.on(story.child("complaint"))
    assert (story.state, json.loads(story.variables)["parent"]) == ("classified", order)


@pytest.mark.requirement("A7")
def test_an_order_is_refused_for_a_coded_reason_that_another_reviewed(story: Story):
    story.promises(confirm_booking=CONFIRM_IN_48_HOURS)
    story.opens("order", "运送烟花。")
    story.then("sue", "propose_refusal", code="forbidden_goods", reason="烟花爆竹不运。")
    assert story.refused("sue", "refuse", code="forbidden_goods", told="不能承运。").code == "own_work"
    story.then("mei", "take_on", reason="先问清楚。")
    assert story.state == "received"
    story.then("amy", "propose_refusal", code="forbidden_goods", reason="确是烟花。")
    story.then("mei", "refuse", code="forbidden_goods", told="烟花爆竹不能承运。")
    assert (story.state, story.outcome("confirm_booking")) == ("refused", "stopped")
