"""Stories of customers under the logistics pack: receipt, reply and result really reach them, in their language."""

import pytest

from gateways.mail import FakeMailer
from tests.stories.story import Story

ENGLISH, TAIWAN, SHANGHAI = "harper@example.com", "lin@example.com", "zhou@example.com"


def letters(story: Story, to: str) -> list[tuple[str, str]]:
    """Return subject and text of each letter to a customer, oldest first."""
    assert isinstance(story.work.mailer, FakeMailer)
    return [(mail.subject, mail.body) for mail in story.work.mailer.sent if mail.to == to]


@pytest.mark.requirement("A5")
@pytest.mark.requirement("B2")
def test_who_complains_gets_receipt_reply_and_result(story: Story):
    story.opens("complaint", "Please look into our last delivery.", email=ENGLISH, customer="Ms Harper")
    story.then("amy", "classify", category="cargo_damage", department="claims")
    story.after(hours=1).then("amy", "reply", message="We are looking for the cause and call you at three.")
    story.after(hours=3).then("han", "investigate", findings="叉车碰倒。")
    story.then("han", "resolve", result="已赔付。", message="We pay for both cartons.")
    receipt, reply, result = letters(story, ENGLISH)
    assert receipt[0] == f"We have received your message (number {story.number})"
    assert reply[0] == f"About your matter (number {story.number})"
    assert "We are looking for the cause and call you at three." in reply[1]
    assert "We pay for both cartons." in result[1]
    assert (story.outcome("first_reply"), story.outcome("solution")) == ("met", "met")


@pytest.mark.requirement("A5")
@pytest.mark.requirement("B2")
def test_whoever_was_not_told_the_result_is_still_owed_it(story: Story):
    story.opens("complaint", "Please look into our last delivery.", email=ENGLISH)
    story.then("amy", "classify", category="cargo_damage", department="claims")
    story.after(minutes=30).then("han", "investigate", findings="叉车碰倒。").then("han", "resolve", result="已赔付。")
    assert (story.outcome("first_reply"), story.outcome("solution")) == (None, None)
    story.after(hours=25)
    assert (story.steps("first_reply")[-1], story.steps("solution")[-1]) == (200, 100), "he heard nothing for a day"
    story.then("amy", "tell_result", message="We pay.", opinion="none")
    assert (story.outcome("first_reply"), story.outcome("solution")) == ("breached", "breached")


@pytest.mark.requirement("A5")
def test_who_inquires_gets_receipt_reply_and_answer(story: Story):
    story.opens("consultation", "請問寄到台北要幾天?", email=TAIWAN)
    story.then("amy", "classify", department="service")
    story.after(hours=1).then("amy", "reply", message="我們向倉庫確認後回覆您。")
    story.after(hours=2).then("amy", "answer", answer="三個工作天。")
    receipt, reply, answer = letters(story, TAIWAN)
    assert receipt[0] == f"已收到您反映的問題（編號 {story.number}）"
    assert (reply[0], answer[0]) == (f"關於您反映的事項（編號 {story.number}）",) * 2
    assert "我們向倉庫確認後回覆您。" in reply[1]
    assert "三個工作天。" in answer[1]
    assert story.outcome("first_reply") == "met"


@pytest.mark.requirement("A5")
@pytest.mark.requirement("C1")
@pytest.mark.requirement("C6")
def test_who_orders_gets_receipt_plan_confirmation_progress_and_letter(story: Story):
    story.promises(confirm_booking={"amount": 48, "unit": "hours"})
    story.opens("order", "两台机床,从上海运到武汉。", email=SHANGHAI)
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="claims")
    story.then("sue", "analyse_needs", lead_department="claims", on_site_survey=True, report="门宽四米。")
    times = {"starts_at": "2026-03-05T08:00:00+08:00", "ends_at": "2026-03-07T18:00:00+08:00"}
    plan = {
        "content": "门到门。",
        "standard": "防震。",
        "procedure": "吊装。",
        "cost": 860_000,
        "cosigners": "operations",
    }
    story.then("han", "plan", **plan, **times).then("ops", "cosign", department="operations").then(
        "sue", "approve_plan"
    )
    story.then("amy", "customer_consents", consent="同意。")
    arrangement = {"people": "李师傅", "equipment": "平板车", "route": "沪渝高速", "handling": "先加固。"}
    story.then("amy", "confirm_arrangement", **arrangement)
    assert story.outcome("confirm_booking") == "met"
    due = "2026-03-05T08:00:00+08:00"
    story.then("sue", "assign_task", department="claims", owner="han", due_at=due).then("han", "start")
    story.then("han", "push_progress", text="两台已装车。")
    story.then("han", "complete", done="已就位。")
    story.then("amy", "pass_acceptance", documents=True, site=True, function=True, report="YS-0307")
    subjects = [subject for subject, _ in letters(story, SHANGHAI)]
    assert len(subjects) == 5, subjects
    assert "门到门。" in letters(story, SHANGHAI)[1][1]
    assert "沪渝高速" in letters(story, SHANGHAI)[2][1]
    assert "两台已装车。" in letters(story, SHANGHAI)[3][1]
    assert "letter_sent" in story.moves
