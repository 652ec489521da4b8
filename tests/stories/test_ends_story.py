"""Stories of how cases end: never silently, bounded by the pack, and not before every promise is kept."""

import pytest

from engine.calendars.calendar import calendar
from models.columns import from_micros
from tests.case_actions import DAY, MICROSECOND, case_of, execute_sql, query_rows
from tests.editions import publishes
from tests.stories.story import Story
from tests.stories.test_service_order_story import EVERY_CRITERION, FAULT, NO_FUNCTION, completed, executing

DAMAGE = "签收时发现货物破损,外箱塌了一角。"
WANG = {"customer": "王先生", "phone": "13800138000", "email": "wang@example.com"}


def resolved(story: Story) -> Story:
    story.opens("complaint", DAMAGE, **WANG)
    return story.then("han", "investigate", findings="叉车碰倒。").then("han", "resolve", result="已赔付。")


@pytest.mark.requirement("B3")
def test_out_of_rounds_a_manager_is_asked_and_must_decide_in_time(story: Story):
    publishes(story.store, "rounds", max=1)
    resolved(story).then("amy", "revisit", outcome="dissatisfied")
    assert story.state == "rounds_used_up"
    assert len(story.mails("mei@example.com")) == 1, "the department manager decides"
    assert story.refused("ann", "revisit", outcome="satisfied").code == "not_now", "one answer a round"
    story.after(days=2, minutes=1)
    assert story.steps("rounds_decision") == [75, 100]
    assert story.refused("sue", "close_unsatisfied", reason="无法再退让。").code == "role"
    story.then("mei", "close_unsatisfied", reason="无法再退让。")
    assert (story.state, story.outcome("rounds_decision")) == ("revisited", "breached")


@pytest.mark.requirement("B3")
def test_a_result_rejected_in_the_last_round_asks_the_manager_who_grants_one_more(story: Story):
    publishes(story.store, "rounds", max=1)
    resolved(story).then("amy", "tell_result", message="已赔付。", opinion="rejected")
    assert story.state == "rounds_used_up"
    level = story.level
    story.then("mei", "grant_round", reason="再与客户谈一次。")
    assert (story.state, case_of(story.store, story.number)["cycle"]) == ("investigated", 2)
    assert (story.level, story.outcome("rounds_decision")) == (level + 1, "met")
    story.then("han", "resolve", result="加付运费。").then("ann", "revisit", outcome="dissatisfied")
    assert story.state == "rounds_used_up", "the bound holds for the round that was granted, too"


@pytest.mark.requirement("C2")
def test_rounds_of_rectification_are_bounded_and_then_a_manager_decides(story: Story):
    publishes(story.store, "rounds", rectifications=1)
    due = {"due_at": "2026-06-01T18:00:00+08:00"}
    completed(story).then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, **due)
    story.then("hal", "rectify", done="已校准。")
    story.then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, **due)
    assert (story.state, len(story.mails("max@example.com"))) == ("rectifications_used_up", 1)
    assert story.refused("hal", "rectify", done="再次校准。").code == "not_now"
    story.then("max", "grant_rectification", reason="换一位技师。", **due)
    assert (story.state, story.outcome("rectification_decision")) == ("rectifying", "met")
    story.then("hal", "rectify", done="已换技师。").then("amy", "fail_acceptance", **NO_FUNCTION, **FAULT, **due)
    story.after(days=2, minutes=1)
    assert story.steps("rectification_decision")[-1] == 100
    story.then("max", "close_unsatisfied", reason="客户要求退款。")
    assert story.state == "revisited"


@pytest.mark.requirement("B9")
def test_a_promise_to_the_customer_survives_callback_and_archive(story: Story):
    resolved(story).then("amy", "promise", promise="二十天后寄回箱子。", due_at="2026-03-22T12:00:00+08:00")
    story.then("amy", "revisit", outcome="satisfied").after(days=10)
    assert (story.state, story.outcome("promise"), story.outcome("archive")) == ("revisited", None, "missing")
    refused = story.refused("sue", "archive")
    assert (refused.code, "promises_kept" in refused.params["guards"]) == ("guard", True)
    story.until("2026-03-22T12:01+08:00")
    assert (story.state, story.steps("promise")[-1]) == ("revisited", 100), "a broken promise asks the supervisor"
    story.then("amy", "keep_promise", promise=1, how="已寄出。").after(days=3)
    assert (story.state, story.outcome("promise")) == ("archived", "breached")


@pytest.mark.requirement("B9")
def test_a_promise_made_while_the_case_rests_stops_its_archiving(story: Story):
    resolved(story).then("amy", "revisit", outcome="satisfied").after(days=2)
    story.then("amy", "promise", promise="下周寄发票。", due_at="2026-03-12T12:00:00+08:00").after(days=2)
    assert (story.state, story.outcome("archive")) == ("revisited", "stopped")
    story.then("amy", "keep_promise", promise=1, how="已寄出。").after(days=3)
    assert story.state == "archived"


@pytest.mark.requirement("A4")
def test_waiting_for_the_customer_has_a_limit_a_reminder_and_a_supervisor(story: Story):
    story.opens("complaint", DAMAGE, **WANG).then("amy", "ask_customer", question="哪一天收到的?")
    used = story.timers("solution")[-1]["consumed"]
    story.after(days=6)
    assert story.steps("customer_answer") == [75]
    assert story.mails("wang@example.com")[-1] == f"请您补充信息（编号 {story.number}）"
    supervised = len(story.mails("sue@example.com"))
    story.after(days=1, minutes=1)
    assert (story.steps("customer_answer"), len(story.mails("sue@example.com")) > supervised) == ([75, 100], True)
    assert story.refused("amy", "go_on_unanswered", reason="客户一直没有回复。").code == "role"
    story.then("sue", "go_on_unanswered", reason="客户一直没有回复。")
    assert (story.state, story.outcome("customer_answer")) == ("classified", "breached")
    assert (story.timers("solution")[-1]["consumed"], story.fires("solution") is not None) == (used, True)


@pytest.mark.requirement("E3")
def test_a_plan_without_effect_is_not_recorded_without_a_date_for_the_next(story: Story):
    story.opens("improvement_plan", "满意率低于目标。", by="eva")
    story.then("eva", "require", department="claims", cause="handling", due_at="2026-03-09T18:00:00+08:00")
    due = "2026-03-20T18:00:00+08:00"
    story.then("mei", "submit", plan="培训。", measures="两次课。", proposed_due=due)
    story.then("eva", "accept_plan", due_at=due).then("mei", "complete", done="已培训。", evidence="签到表")
    failed = {"effect": "not_effective", "before": 8500, "after": 8400, "evidence": "报表"}
    refused = story.refused("eva", "verify_effect", **failed)
    assert (refused.code, "dated" in refused.params["guards"]) == ("guard", True)
    story.then("eva", "verify_effect", **failed, due_at=due)
    assert (story.state, story.outcome("plan_submission")) == ("awaiting_plan", None)


@pytest.mark.requirement("D1")
def test_a_customer_whom_nobody_reached_may_still_call_and_answers_once(story: Story):
    resolved(story)
    for attempt in (1, 2, 3):
        story.then("ann", "attempt", attempts=attempt, reason="no_answer").after(hours=2)
    assert story.state == "revisited"
    assert story.mails("wang@example.com")[-1] == f"我们没能联系上您（编号 {story.number}）"
    story.then("ann", "revisit", outcome="dissatisfied")
    assert story.state == "investigated", "the letter promised that a person will look after it"
    story.then("han", "resolve", result="补发。").then("ann", "revisit", outcome="satisfied")
    refused = story.refused("ann", "revisit", outcome="dissatisfied")
    assert (story.state, refused.code) == ("revisited", "guard")


@pytest.mark.requirement("D1")
def test_three_attempts_in_a_minute_are_one(story: Story):
    resolved(story).after(hours=1)
    story.then("ann", "attempt", attempts=1, reason="no_answer")
    for _ in range(2):
        assert story.refused("ann", "attempt", attempts=2, reason="busy").code == "guard"
    story.after(hours=1, minutes=59)
    assert story.refused("ann", "attempt", attempts=2, reason="busy").code == "guard"
    story.after(minutes=1).then("ann", "attempt", attempts=2, reason="busy")
    assert case_of(story.store, story.number)["attempts"] == 2
    assert story.now.hour * 60 + story.now.minute == 3 * 60 + 60, "exactly two hours later it counts (以上)"


def ordered_from(story: Story, pack: str) -> Story:
    """Return a story whose order stands under another pack once it is under way."""
    executing(story)
    execute_sql(story.store, "UPDATE cases SET pack = :pack WHERE number = :number", pack=pack, number=story.number)
    return story


@pytest.mark.requirement("D1")
def test_the_haulier_calls_within_a_week_of_the_transport_not_of_its_acceptance(story: Story):
    ordered_from(story, "haulage").then("hal", "complete", done="两台均已就位。")
    completed_at = story.now
    story.after(days=5).then("amy", "pass_acceptance", documents=True, site=True, function=True, report="YS-0307")
    [timer] = story.timers("revisit")
    assert timer["closed_at"] is None
    story.until((completed_at + 7 * DAY - MICROSECOND).isoformat())
    assert 100 not in story.steps("revisit"), "the seventh day is within the week (以内)"
    story.after(minutes=1)
    assert story.steps("revisit")[-1] == 100


@pytest.mark.requirement("D1")
def test_an_order_that_nobody_accepts_breaks_the_week_and_asks_the_supervisor(story: Story):
    ordered_from(story, "haulage").then("hal", "complete", done="两台均已就位。").after(days=7, minutes=1)
    assert (story.state, story.steps("acceptance")[-1], story.steps("revisit")[-1]) == ("accepting", 100, 100)
    assert story.mails("sid@example.com") != []


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("trigger", ["receipt", "completion", "acceptance"])
def test_the_window_is_counted_from_the_move_of_the_packs_trigger(story: Story, trigger: str):
    publishes(story.store, "callbacks", trigger=trigger)
    executing(story)
    instants = {}
    for name, by, move, form in (
        ("completion", "hal", "complete", {"done": "已就位。"}),
        ("receipt", "amy", "record_receipt", {"proof": "签收单 88 号"}),
        ("acceptance", "amy", "pass_acceptance", {**EVERY_CRITERION, "report": "YS-0307"}),
    ):
        story.after(hours=3).then(by, move, **form)
        instants[name] = story.now
    [timer] = story.timers("revisit")
    assert from_micros(timer["opened_at"]) == instants[trigger]
    [call] = query_rows(story.store, "SELECT planned_at FROM callback")
    assert from_micros(call["planned_at"]) == calendar("cn-office").next_open(instants[trigger] + DAY)


@pytest.mark.requirement("D1")
def test_without_the_packs_trigger_the_acceptance_counts(story: Story):
    publishes(story.store, "callbacks", trigger="receipt")
    completed(story).then("amy", "pass_acceptance", documents=True, site=True, function=True, report="YS-0307")
    assert (story.state, story.outcome("revisit")) == ("resolved", None)
