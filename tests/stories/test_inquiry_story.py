"""Stories of inquiries: consultations, suggestions, praise and leads."""

import json

import pytest

from engine.ledger.journal import journal_row
from tests.case_actions import query_rows
from tests.editions import publishes
from tests.stories.story import Story

QUESTION = "请问大件家具能不能送上楼?"
CUSTOMER = {"phone": "13800138000", "email": "wang@example.com"}
CALLED_BACK = "UPDATE edition SET content = replace(content, '[callbacks]', '[callbacks]\ninquiries = true')"
CHILDREN = """
SELECT c.kind, l.relation FROM link l JOIN cases c ON c.id = l.child_id JOIN cases p ON p.id = l.parent_id
 WHERE p.number = :number
"""


def calls_back(story: Story, max_rounds: int = 0) -> None:
    """Switch callbacks of inquiries on, with at most so many rounds (0: unlimited)."""
    story.promises(answer_inquiry={"amount": 24, "unit": "hours"})
    with story.store.writing() as tx:
        for row in tx.rows(f"{CALLED_BACK} RETURNING id"):
            journal_row(tx, "edition", (row.id,), "system", 0)
    if max_rounds:
        publishes(story.store, "rounds", max=max_rounds)


@pytest.mark.requirement("A2")
@pytest.mark.requirement("A3")
@pytest.mark.requirement("D1")
def test_a_consultation_goes_its_whole_way(story: Story):
    story.promises(answer_inquiry={"amount": 24, "unit": "hours"})
    story.opens("consultation", QUESTION, **CUSTOMER)
    assert (story.number[:2], json.loads(story.variables)["nature"], story.state) == ("iq", "consultation", "received")
    assert story.mails("wang@example.com") == [f"已收到您反映的问题（编号 {story.number}）"]
    story.after(hours=1).then("amy", "classify", department="delivery")
    assert story.moves[-1] == "assign", "the department's least busy handler has it"
    story.then("amy", "reply", message="已请配送部查询,今天答复您。")
    assert story.outcome("first_reply") == "met"
    story.after(hours=3).then("hal", "investigate", findings="有电梯的可以。").then("amy", "answer", answer="可以。")
    assert (story.outcome("answer_inquiry"), story.state) == ("met", "settled"), "the pack wants no callback"
    assert story.outcome("revisit") == "stopped"
    story.after(days=3)
    assert (story.state, story.moves[-1]) == ("archived", "archive")


@pytest.mark.requirement("A5")
def test_the_desk_may_answer_at_once_and_only_a_persons_reply_meets_the_first_reply(story: Story):
    story.opens("consultation", QUESTION, **CUSTOMER)
    assert (story.moves, story.outcome("first_reply")) == (["open", "acknowledge"], None)
    story.then("amy", "answer", answer="有电梯的可以送上楼。")
    assert (story.outcome("first_reply"), story.state) == ("met", "settled")


@pytest.mark.requirement("A5")
def test_an_inquiry_that_nobody_answers_is_reminded_and_escalated(story: Story):
    story.promises(answer_inquiry={"amount": 24, "unit": "hours"})
    story.opens("inquiry", QUESTION).after(hours=2, seconds=1)
    assert (story.steps("first_reply"), story.level) == ([75, 100], 1)
    story.after(hours=22)
    assert story.steps("answer_inquiry") == [75, 100]


@pytest.mark.requirement("A3")
def test_the_rules_route_a_plain_consultation_and_a_person_overrules_its_nature(story: Story):
    story.opens("consultation", "请问我的货到哪里了?物流信息怎么查询跟踪?")
    assert "classify" in story.moves
    story.opens("consultation", "建议你们周末也能提货。").then(
        "amy", "classify", department="delivery", nature="suggestion"
    )
    assert story.refused("amy", "answer", answer="好的。").params["guards"] == ["is_question"]


@pytest.mark.requirement("A4")
def test_the_timers_pause_while_the_customer_is_asked(story: Story):
    story.opens("consultation", "能送吗?").after(hours=1).then("amy", "ask_customer", question="送到哪里?")
    assert (story.state, story.fires("first_reply")) == ("waiting_for_customer", None)
    story.after(days=2).then("amy", "customer_answers", answer="重庆。")
    assert (story.state, story.steps("first_reply")) == ("received", [])
    story.after(minutes=59).then("amy", "answer", answer="能送。")
    assert story.outcome("first_reply") == "met"


@pytest.mark.requirement("D1")
@pytest.mark.requirement("F3")
def test_where_the_pack_wants_it_an_answered_consultation_is_called_back(story: Story):
    calls_back(story)
    story.opens("consultation", QUESTION).then("amy", "answer", answer="可以。")
    assert story.state == "answered"
    assert len(query_rows(story.store, "SELECT * FROM callback WHERE done_at IS NULL")) == 1
    assert story.refused("amy", "revisit", outcome="satisfied").code == "own_work"
    story.then("ann", "revisit", outcome="dissatisfied", words="没说清楚。")
    assert (story.state, story.level) == ("classified", 1)
    story.then("amy", "answer", answer="有电梯的可以,没有的每层加收三十元。").then(
        "ann", "revisit", outcome="satisfied"
    )
    assert (story.state, story.outcome("revisit")) == ("revisited", "met")
    assert query_rows(story.store, "SELECT * FROM callback WHERE done_at IS NULL") == []


@pytest.mark.requirement("D1")
def test_an_unreachable_customer_gets_a_message_and_the_inquiry_goes_on(story: Story):
    calls_back(story)
    story.opens("consultation", QUESTION, **CUSTOMER).then("amy", "answer", answer="可以。")
    for attempts in (1, 2, 3):
        story.then("ann", "attempt", attempts=attempts).after(hours=2)
    assert (story.state, story.moves[-1]) == ("revisited", "unreachable")
    assert story.mails("wang@example.com")[-1].startswith("我们没能联系上您")


@pytest.mark.requirement("D2")
def test_the_inquiry_of_a_dissatisfied_customer_becomes_a_complaint(story: Story):
    calls_back(story, max_rounds=1)
    story.opens("consultation", QUESTION, **CUSTOMER).then("amy", "answer", answer="不清楚。")
    story.then("ann", "revisit", outcome="dissatisfied", words="我要投诉。")
    assert story.state == "converted"
    assert query_rows(story.store, CHILDREN, number=story.number) == [{"kind": "complaint", "relation": "converted"}]


@pytest.mark.requirement("D2")
def test_an_inquiry_that_is_a_complaint_becomes_one_with_the_customers_text(story: Story):
    story.opens("consultation", "货物破损,请问怎么办?", subject="破损", channel="hotline", **CUSTOMER)
    story.then("amy", "turn_into_complaint", words="外箱也塌了。")
    assert (story.state, story.outcome("first_reply")) == ("converted", "handed_on")
    story.on(story.child("complaint"))
    sql = """SELECT s.field, s.content, c.channel FROM statement s JOIN cases c ON c.id = s.case_id
              WHERE c.number = :number AND s.seq = 1 ORDER BY s.field"""
    statements = query_rows(story.store, sql, number=story.number)
    assert [(row["field"], row["content"]) for row in statements] == [
        ("subject", "破损"),
        ("text", "外箱也塌了。\n\n货物破损,请问怎么办?"),
    ]
    assert statements[0]["channel"] == "hotline"
    assert story.outcome("first_reply") is None, "the complaint has its own timers"


@pytest.mark.requirement("A2")
def test_a_suggestion_is_assessed_and_answered(story: Story):
    story.opens("suggestion", "建议周末也能提货。")
    assert story.refused("amy", "answer", answer="谢谢。").params["guards"] == ["is_question"]
    story.then("amy", "classify", department="delivery")
    story.then("hal", "assess", verdict="declined", reason="周末没有海关查验。")
    story.then("amy", "answer", answer="谢谢您的建议。海关周末不查验,暂时做不到。")
    assert (story.state, json.loads(story.variables)["verdict"]) == ("settled", "declined")


@pytest.mark.requirement("A2")
@pytest.mark.requirement("E5")
def test_praise_is_passed_on_and_the_customer_is_thanked(story: Story):
    story.opens("praise", "送货师傅很细心。", **CUSTOMER)
    assert story.refused("amy", "commend").params["guards"] == ["commends_another"]
    assert story.refused("hal", "commend", commended="hal").params["guards"] == ["commends_another"]
    story.then("amy", "commend", commended="hal", commended_department="delivery")
    assert story.mails("hal@example.com") == [f"有客户表扬您（编号 {story.number}）"]
    assert story.mails("max@example.com") == [f"有客户表扬您的部门（编号 {story.number}）"]
    assert story.refused("amy", "answer", answer="谢谢。").params["guards"] == ["is_no_praise"]
    story.then("amy", "thank", thanks="谢谢您,我们已转告师傅。")
    variables = json.loads(story.variables)
    assert (story.state, story.outcome("first_reply"), variables["commended"]) == ("settled", "met", "hal")


@pytest.mark.requirement("D2")
def test_a_lead_is_a_salespersons_until_it_is_won(story: Story):
    story.promises(pursue_lead={"amount": 14, "unit": "days"})
    story.opens("lead", "想了解仓储服务。", **CUSTOMER)
    assert story.state == "offered"
    assert story.mails("sal@example.com") == [f"工单 {story.number} 待您处理：商机·待跟进（业务员）"]
    assert story.refused("amy", "qualify", told="好的。").code == "role"
    story.then("sal", "qualify", told="已约周三上门。", expected=5_000_000)
    assert (story.state, story.outcome("first_reply")) == ("pursued", "met")
    story.after(days=7).then("sal", "win", worth=4_800_000)
    variables = json.loads(story.variables)
    assert (story.state, story.outcome("pursue_lead"), variables["worth"]) == ("settled", "met", 4_800_000)
    story.after(days=3)
    assert story.state == "archived"


@pytest.mark.requirement("D2")
def test_a_lead_that_is_lost_says_why_in_a_code(story: Story):
    story.opens("lead", "想了解仓储服务。")
    assert story.refused("sal", "lose", lost_for="bad_luck").code == "form"
    story.then("sal", "lose", lost_for="price")
    assert (story.state, json.loads(story.variables)["lost_for"]) == ("settled", "price")


@pytest.mark.requirement("D2")
def test_a_need_named_at_a_callback_is_a_lead_without_a_receipt(story: Story):
    calls_back(story)
    story.opens("consultation", QUESTION, **CUSTOMER).then("amy", "answer", answer="可以。")
    story.then("ann", "revisit", outcome="satisfied", need="还想了解仓储服务。")
    story.on(story.child("inquiry"))
    assert (story.state, json.loads(story.variables)["nature"]) == ("offered", "lead")
    assert "acknowledge" not in story.moves, "the customer wrote to us once"


@pytest.mark.requirement("A6")
def test_a_merged_question_is_answered_once_and_inherits_the_older_timer(story: Story):
    first = story.opens("consultation", QUESTION).number
    story.after(minutes=30)
    second = story.opens("consultation", QUESTION).number
    story.on(first).then("amy", "merge", into=second)
    assert (story.state, story.outcome("first_reply")) == ("merged", "handed_on")
    story.on(second).then("amy", "answer", answer="可以。")
    assert [timer["outcome"] for timer in story.timers("first_reply")] == ["met", "met"]


def test_a_customer_may_withdraw_his_question(story: Story):
    story.opens("consultation", QUESTION).then("amy", "withdraw", reason="客户自己查到了。")
    assert (story.state, story.outcome("first_reply")) == ("withdrawn", "stopped")
