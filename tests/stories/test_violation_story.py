"""Stories of violations: reported, investigated, decided by others and published, without the accused."""

import json
from typing import Any

import pytest

from gateways.mail import FakeMailer
from tests.stories.story import Story

PUBLISHED = "违规处理公布（{number}）"


def reported(story: Story, **fields: Any) -> Story:
    """Report to the mailbox for whistle-blowers that a handler forged signatures."""
    return story.opens("report", "派送员代签收货单。", **{"channel": "whistle_mail"} | fields)


def investigating(story: Story, accused: str | None = "hal") -> Story:
    """Let the quality team take the report up, and the evaluation group form a team that Ivy leads."""
    named = {"accused": accused} if accused else {}
    story.then("quin", "take_up", category="falsification", severity="high", **named)
    return story.then("eva", "form_team", lead_investigator="ivy")


def concluded(story: Story, proven: bool = True) -> Story:
    story.then("ida", "add_evidence", evidence="三份签收单笔迹相同。")
    return story.then("ivy", "conclude", findings="代签属实。", degree="full", proven=proven)


def decided(story: Story) -> Story:
    concluded(investigating(reported(story)))
    return story.then("hera", "decide", penalty="fine", fine=50_000, grounds="服务规范第九条。")


def settled(story: Story) -> Story:
    story.then("hera", "publish_inside", notice="一名派送员代签,罚款五百元。")
    return story.then("hera", "tell_customer", message="已查实并处理。", medium="phone", recipient="受影响的客户")


def variables_of(story: Story) -> dict[str, Any]:
    return json.loads(story.variables)


@pytest.mark.requirement("F2")
@pytest.mark.requirement("A1")
def test_an_anonymous_report_goes_its_whole_way(story: Story):
    reported(story)
    assert (story.number[:2], story.state, variables_of(story)["nature"]) == ("vi", "reported", "report")
    assert "acknowledge" not in story.moves, "an anonymous reporter cannot be notified"
    investigating(story)
    assert story.state == "investigating"
    concluded(story)
    assert story.state == "concluded"
    story.then("hera", "decide", penalty="fine", fine=50_000, grounds="服务规范第九条。")
    variables = variables_of(story)
    assert (variables["penalty"], variables["fine"], variables["accused"]) == ("fine", 50_000, "hal")
    settled(story).after(days=7)
    assert (story.state, story.moves[-1]) == ("settled", "close_appeals")
    story.after(days=3)
    assert (story.state, story.moves[-1]) == ("archived", "archive")


@pytest.mark.requirement("F2")
def test_it_is_announced_once_published_internally_and_the_customer_notified(story: Story):
    reported(story, customer="王先生", email="wang@example.com", channel="whistle_phone")
    concluded(investigating(story)).then("mei", "decide", penalty="warning", grounds="初犯。")
    story.then("hera", "tell_customer", message="已查实并处理。")
    assert (story.state, story.mails("wang@example.com")) == (
        "decided",
        [f"已收到您反映的问题（编号 {story.number}）", f"关于您所涉事项的处理结果（编号 {story.number}）"],
    )
    assert isinstance(story.work.mailer, FakeMailer)
    bodies = [mail.body for mail in story.work.mailer.sent if mail.to == "wang@example.com"]
    assert "已查实并处理。" in bodies[-1]
    assert story.refused("hera", "tell_customer", message="再说一遍。").code == "guard"
    story.then("hera", "publish_inside", notice="一名派送员代签,警告。")
    assert story.state == "announced"
    for manager in ("sue", "mei", "max", "gao"):
        assert PUBLISHED.format(number=story.number) in story.mails(f"{manager}@example.com")


@pytest.mark.requirement("F2")
def test_without_an_affected_customer_a_person_confirms_it(story: Story):
    decided(story).then("hera", "publish_inside", notice="一名派送员代签,罚款五百元。")
    assert story.state == "decided", "the customer's side is still open"
    story.then("hera", "nobody_affected", reason="货物当日重新签收。")
    assert story.state == "announced"


@pytest.mark.requirement("F3")
def test_the_accused_has_no_part_in_it(story: Story):
    reported(story)
    refused = story.refused("quin", "take_up", category="ethics", accused="quin")
    assert refused.params["guards"] == ["accuses_another"]
    story.then("quin", "take_up", category="ethics", accused="ivy")
    refused = story.refused("eva", "form_team", lead_investigator="ivy")
    assert refused.params["guards"] == ["impartial_lead"]
    story.then("eva", "form_team", lead_investigator="ida")
    for move, form in (
        ("add_evidence", {"evidence": "我没有。"}),
        ("conclude", {"findings": "没有。", "degree": "none", "proven": False}),
        ("propose_dismissal", {"code": "no_facts", "reason": "没有。"}),
        ("note", {"note": "看过。"}),
    ):
        assert story.refused("ivy", move, **form).code == "recused", move


@pytest.mark.requirement("F3")
def test_the_accused_manager_does_not_decide_on_himself(story: Story):
    concluded(investigating(reported(story), accused="mei"))
    assert story.refused("mei", "decide", penalty="none", grounds="没有的事。").code == "recused"
    assert story.refused("mei", "extend", clause="decision", hours=100, reason="不急。").code == "recused"
    story.then("gao", "decide", penalty="warning", grounds="管理不善。")
    assert story.mails("mei@example.com") == [f"与您有关的处理决定（{story.number}）：警告"]


@pytest.mark.requirement("F3")
def test_the_investigators_do_not_decide(story: Story):
    reported(story).then("hera", "take_up", category="data_leak", accused="hal")
    assert story.refused("ivy", "form_team", lead_investigator="ivy").code == "role"
    story.then("eva", "form_team", lead_investigator="ivy")
    refused = story.refused("ida", "conclude", findings="属实。", degree="full", proven=True)
    assert refused.params["guards"] == ["leads_the_team"]
    concluded(story)
    assert story.refused("ivy", "decide", penalty="warning", grounds="属实。").code == "role"
    assert story.refused("hera", "decide", penalty="warning", grounds="属实。").code == "own_work"
    story.then("mei", "decide", penalty="warning", grounds="属实。")
    assert story.state == "decided"


@pytest.mark.requirement("F2")
@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        ({"penalty": "fine"}, "a fine has an amount"),
        ({"penalty": "warning", "fine": 100}, "other penalties have none"),
    ],
)
def test_a_fine_and_only_a_fine_has_an_amount(story: Story, verdict: dict[str, Any], why: str):
    concluded(investigating(reported(story)))
    assert story.refused("hera", "decide", grounds="第九条。", **verdict).params["guards"] == ["warranted"], why


@pytest.mark.requirement("F2")
def test_no_penalty_without_proof_and_a_known_accused(story: Story):
    concluded(investigating(reported(story)), proven=False)
    assert story.refused("hera", "decide", penalty="warning", grounds="存疑。").code == "guard"
    story.then("hera", "send_back", reason="请补充笔迹鉴定。")
    assert (story.state, story.level) == ("investigating", 1)
    assert not variables_of(story).keys() & {"degree", "proven"}, "a conclusion that was sent back is cleared"
    concluded(story)
    story.then("hera", "decide", penalty="warning", grounds="鉴定属实。")

    concluded(investigating(story.opens("report", "有人代签。", channel="whistle_mail"), accused=None))
    assert story.refused("hera", "decide", penalty="warning", grounds="有人做了。").code == "guard"
    story.then("hera", "decide", penalty="none", grounds="查不到是谁。")
    assert story.state == "decided"


@pytest.mark.requirement("F2")
def test_the_accused_may_be_named_later(story: Story):
    investigating(reported(story), accused=None).then("ida", "name_accused", accused="ivy", grounds="值班表。")
    assert story.refused("ivy", "conclude", findings="没有。", degree="none", proven=False).code == "recused"
    story.then("eva", "form_team", lead_investigator="ida")
    story.then("ida", "conclude", findings="属实。", degree="main", proven=True)
    assert (story.state, variables_of(story)["accused"]) == ("concluded", "ivy")


@pytest.mark.requirement("A7")
def test_a_report_is_dismissed_by_two_people_and_the_reporter_is_notified(story: Story):
    reported(story, email="lin@example.com")
    story.then("quin", "propose_dismissal", code="no_facts", reason="没有时间地点。")
    assert story.state == "dismissal_review"
    assert story.refused("quin", "dismiss", code="no_facts", told="请补充事实。").code == "own_work"
    story.then("eva", "take_on", reason="先问一问。")
    assert story.state == "reported"
    story.then("quin", "propose_dismissal", code="no_facts", reason="问过,没有。")
    story.then("eva", "dismiss", code="no_facts", told="请补充事实后再举报。")
    assert (story.state, story.mails("lin@example.com")[-1]) == ("dismissed", f"关于您的举报（编号 {story.number}）")


@pytest.mark.requirement("F2")
def test_each_stage_has_its_limit_once_the_carrier_sets_one(story: Story):
    story.promises(
        investigation={"amount": 10, "unit": "days"},
        decision={"amount": 5, "unit": "days"},
        publish={"amount": 2, "unit": "days"},
    )
    story.opens("report", "派送员代签收货单。", channel="whistle_phone")
    story.after(days=8)
    assert story.steps("investigation") == [75]
    concluded(investigating(story)).after(days=6)
    assert (story.outcome("investigation"), story.steps("decision")) == ("met", [75, 100])
    story.then("mei", "decide", penalty="warning", grounds="属实。")
    story.then("hera", "publish_inside", notice="一名派送员代签,警告。")
    assert (story.outcome("decision"), story.outcome("publish")) == ("breached", "met")


@pytest.mark.requirement("F2")
def test_where_the_rules_leave_a_limit_blank_no_timer_runs_and_the_work_goes_on(story: Story):
    decided(story)
    assert [story.timers(clause) for clause in ("investigation", "decision", "publish")] == [[], [], []]


@pytest.mark.requirement("F2")
def test_the_accused_may_accept_the_decision_before_the_time_to_appeal_ends(story: Story):
    settled(decided(story))
    assert story.refused("hera", "accept_decision").params["guards"] == ["is_accused"]
    story.then("hal", "accept_decision")
    assert (story.state, story.outcome("appeal_window")) == ("settled", "stopped")
    assert story.refused("hal", "appeal", grounds="我反悔了。").code == "not_now"
