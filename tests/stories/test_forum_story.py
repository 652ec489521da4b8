"""Stories of customer forums: customers are drawn and invited, their words become actions, and they hear of the end."""

import json

import pytest

from engine.conduct.sample import sampled
from reports.forums import ForumFigures, Invitee
from reports.indicators.periods import period_of
from reports.period_report import gather
from tests.case_actions import query_rows
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("D4")

PLAN = {"topic": "签收前的电话预约", "place": "上海总部", "due_at": "2026-04-01T14:00:00+08:00", "seats": 2}
MEETING = {"met_at": "2026-04-01T14:00:00+08:00", "minutes": "两位客户希望签收前先打电话。"}
ACTION = {
    "action": "签收前一小时电话预约。", "department": "delivery", "owner": "hal", "due_at": "2026-04-20T18:00:00+08:00",
}  # fmt: skip
DONE = {"effect": "effective", "before": 6000, "after": 8500, "evidence": "一次妥投率上升。"}


def customers(story: Story, *names: str) -> dict[str, str]:
    """Open a complaint for each customer; return their cases by name."""
    found: dict[str, str] = {}
    for name in names:
        story.opens("complaint", "没打电话就送来了。", customer=name, email=f"{name}@example.com")
        found[name] = story.number
    return found


def planned(story: Story, **changes: object) -> Story:
    return story.opens("forum", "客户座谈会", by="mak").then("mak", "plan", **PLAN | changes)


def held(story: Story, *attendees: str) -> Story:
    """Invite to the forum, which is planned, and hold it on its day."""
    story.then("mak", "invite").until("2026-04-01T16:00+08:00")
    return story.then("mak", "hold", attendees=" ".join(attendees) or None, **MEETING)


def invitees(story: Story) -> list[str]:
    return json.loads(story.variables)["invitees"].split()


def test_a_forum_goes_its_whole_way_and_the_customer_hears_what_became_of_his_word(story: Story):
    cases = customers(story, "wu", "li", "an", "bo")
    planned(story)
    forum, drawn = story.number, invitees(story)
    assert len(drawn) == 2
    assert set(drawn) < set(cases.values())
    held(story, drawn[0])
    guest = next(name for name, number in cases.items() if number == drawn[0])
    assert f"诚邀参加客户座谈会（2026-04-01 14:00，编号 {forum}）" in story.mails(f"{guest}@example.com")

    story.then("ops", "decide_action", said_by=drawn[0], **ACTION).then("ops", "follow_up", conclusion="一项措施。")
    assert story.refused("eva", "finish", conclusion="完成。").code == "guard", "the action has not ended"
    plan = story.child("improvement_plan")
    story.on(plan).then("hal", "submit", plan="电话预约。", measures="培训。", proposed_due=ACTION["due_at"])
    story.then("eva", "accept_plan", due_at=ACTION["due_at"]).then(
        "hal", "complete", done="已培训。", evidence="记录。"
    )
    story.then("eva", "verify_effect", **DONE)
    assert story.mails(f"{guest}@example.com")[-1] == f"您在客户座谈会上所提意见的处理结果（编号 {forum}）"
    story.on(forum).then("eva", "finish", conclusion="措施见效。")
    assert story.state == "archived"
    assert gather(story.store, period_of("2026-04"), story.now).forums == ForumFigures(
        held=1, attendees=1, actions=1, ended=1, carried_out=1
    )


def test_an_action_is_a_case_with_an_owner_and_a_date(story: Story):
    cases = customers(story, "wu")
    held(planned(story), cases["wu"]).then("ops", "decide_action", said_by=cases["wu"], **ACTION)
    story.on(story.child("improvement_plan"))
    [plan] = query_rows(story.store, "SELECT owner, department FROM cases WHERE number = :n", n=story.number)
    assert plan == {"owner": "hal", "department": "delivery"}
    assert story.fires("plan_submission") is not None


def test_customers_are_drawn_by_a_seed_that_nobody_chooses_and_everybody_can_check(story: Story):
    cases = customers(story, "wu", "li", "an", "bo", "cai")
    planned(story, seats=3)
    seed = query_rows(
        story.store,
        "SELECT t.hash FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.number = :n AND t.move = 'plan'",
        n=story.number,
    )[0]["hash"]
    again = sampled(seed, [Invitee(number) for number in cases.values()], 3)
    assert sorted(each.number for each in again) == invitees(story)


def test_who_has_several_cases_has_no_better_chance(story: Story):
    first = customers(story, "wu", "li")
    second = customers(story, "wu")
    planned(story, seats=20)
    assert invitees(story) == sorted([first["li"], second["wu"]])
    assert json.loads(story.variables)["population"] == 2


def test_only_customers_of_the_segment_are_drawn(story: Story):
    customers(story, "wu", "li")
    planned(story, kind="service_order")
    assert json.loads(story.variables) | {"due_at": ""} == {"due_at": "", "population": 0, "seats": 2}


def test_others_may_be_invited_beside_those_drawn_and_the_record_tells_them_apart(story: Story):
    cases = customers(story, "wu", "li")
    planned(story, seats=0).then("mak", "invite", also_invited=cases["li"])
    known = json.loads(story.variables)
    assert (known["also_invited"], known["invited"], known["not_reached"]) == (cases["li"], 1, 0)
    assert "invitees" not in known


def test_whoever_no_mail_reaches_is_told_by_somebody_before_the_forum_is_closed(story: Story):
    story.opens("complaint", "没打电话。", customer="wu", email=None, phone="13800001111")
    guest = story.number
    held(planned(story), guest)
    assert json.loads(story.variables)["not_reached"] == 1
    story.then("ops", "decide_action", said_by=guest, **ACTION).then("ops", "follow_up", conclusion="一项措施。")
    forum, plan = story.number, story.child("improvement_plan")
    story.on(plan).then("eva", "waive", reason="已由新系统解决。").on(forum)
    assert story.refused("eva", "finish", conclusion="完成。").params["guards"] == ["words_answered"]
    story.then("amy", "tell_by_hand", action_case=plan, told="已电话说明。").then("eva", "finish", conclusion="完成。")
    assert story.state == "archived"


def test_a_forum_without_an_action_says_why_and_is_closed_by_the_evaluation_group(story: Story):
    held(planned(story)).then("ops", "follow_up", conclusion="没有客户到场，无需措施。")
    assert story.refused("ops", "finish", conclusion="完成。").code == "role"
    story.then("eva", "finish", conclusion="同意。")
    assert story.state == "archived"


def test_whoever_held_the_forum_does_not_decide_what_is_done(story: Story):
    cases = customers(story, "wu")
    held(planned(story), cases["wu"])
    assert story.refused("mak", "decide_action", said_by=cases["wu"], **ACTION).code == "role"


def test_an_action_is_given_only_to_somebody_of_its_department(story: Story):
    cases = customers(story, "wu")
    held(planned(story), cases["wu"])
    action = ACTION | {"department": "hotline"}
    assert story.refused("ops", "decide_action", said_by=cases["wu"], **action).code == "owner_elsewhere"


def test_a_forum_that_is_moved_or_called_off_is_told_to_whoever_was_invited(story: Story):
    customers(story, "wu")
    planned(story).then("mak", "invite")
    story.then("mak", "move_date", place="广州", due_at="2026-04-08T14:00:00+08:00")
    assert story.mails("wu@example.com")[-1] == f"客户座谈会改期至 2026-04-08 14:00（编号 {story.number}）"
    story.then("mak", "call_off", reason="报名不足。")
    assert story.mails("wu@example.com")[-1] == f"原定 2026-04-08 14:00 的客户座谈会取消（编号 {story.number}）"
    assert story.state == "called_off"


def test_a_forum_that_nobody_plans_or_holds_is_escalated(story: Story):
    story.opens("forum", "客户座谈会", by="mak").after(days=14, seconds=1)
    assert (story.steps("forum_planning"), story.level) == ([75, 100], 1)
