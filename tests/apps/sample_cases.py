"""Sample cases that together make every move of a complaint, and some of other kinds, with their timers' moves."""

from datetime import timedelta

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from models.contact import Contact
from tests.stories.story import Story

PROMISES = {"department_limit": {"amount": 8, "unit": "business_hours", "calendar": "cn-office"}}
"""An amount that the carrier fills in: a limit that counts working hours."""
CLASSIFIED = {"category": "damage", "severity": "high", "department": "claims"}
WANG = {"customer": "王女士", "phone": "13800138000", "email": "wang@example.com", "shipment": "YD 1234567"}


def reopened(story: Story) -> None:
    """The customer rejects the first result, is dissatisfied at the callback and satisfied in the third cycle."""
    story.opens("complaint", "收货人王女士:请给个说法。", demand="赔付", **WANG)
    story.after(hours=1, minutes=7).then("sue", "classify", **CLASSIFIED)
    story.after(hours=3, minutes=1).then("han", "investigate", findings="装卸时跌落。", cause="handling")
    story.then("han", "resolve", result="按合同赔付。").then(
        "amy", "tell_result", message="按合同赔付。", opinion="rejected", words="不接受。"
    )
    story.after(hours=5).then("han", "resolve", result="加赔。", message="加赔。")
    story.after(hours=2).then("sue", "revisit", outcome="dissatisfied", attitude=2, words="太慢。")
    story.after(hours=30).then("han", "propose_solution", solution="全额赔付。").then(
        "han", "resolve", result="全额赔付。"
    )
    story.then("sue", "revisit", outcome="satisfied", attitude=5)
    story.after(days=4, minutes=13)


def paused(story: Story) -> None:
    """The customer is asked and answers twice, with the timers paused in between; then the case is withdrawn."""
    story.opens("complaint", "Please look into it.", phone="13900139000", email="customer@example.com")
    story.after(minutes=40).then("amy", "ask_customer", question="Which two?", code="evidence")
    story.after(days=3, minutes=3).then("amy", "customer_answers", answer="The blue ones.")
    story.after(minutes=20).then("sue", "classify", category="shortage", department="claims")
    story.then("sue", "ask_customer", question="A photograph?").after(hours=9, minutes=9)
    story.then("amy", "customer_answers", answer="Here.").then("amy", "withdraw", reason="They were found.")


def left_alone(story: Story) -> None:
    """Nobody makes a move: every escalation step fires, up to the general manager."""
    story.opens("complaint", "五箱里有两箱破损,没有人理我。", email="lee@example.com").after(days=3, minutes=17)


def disputed(story: Story) -> None:
    """Returned twice, reassigned, extended, escalated by hand, with two promises and a compensation to be approved."""
    story.opens("complaint", "I do not agree.", customer_type="key_account")
    story.then("sue", "classify", **CLASSIFIED).then("sue", "assign", department="claims", owner="han", reason="His.")
    story.then("amy", "escalate", level=1, reason="He is angry.")
    story.after(minutes=9).then("han", "return", code="not_ours").then("han", "return", code="needs_another")
    story.after(hours=2, minutes=9).then("mei", "rule_owner", department="claims", reason="Theirs.")
    story.then("sue", "extend", clause="solution", hours=12, reason="The port is closed.")
    story.then("sue", "promise", promise="A call.", due_at=(story.now + timedelta(hours=7, minutes=3)).isoformat())
    story.after(hours=6).then(
        "sue", "keep_promise", promise=1, how="Called.", medium="phone", recipient="The customer."
    )
    story.then("amy", "promise", promise="Another call.", due_at=(story.now + timedelta(hours=7)).isoformat())
    story.then("han", "investigate", findings="The tariff was old.")
    judged = {"cause": "tariff", "responsible": "carrier", "degree": "full", "evidence": "The tariff of May."}
    story.then("han", "determine_responsibility", **judged)
    story.then(
        "sue",
        "confirm_responsibility",
        confirmed_cause="tariff",
        confirmed_responsible="carrier",
        confirmed_degree="full",
    )
    story.then("han", "compensate", compensation=9_000_000, grounds="Article 8.")
    story.after(hours=26, minutes=11)


def imported(story: Story) -> None:
    """Imported from a file together with its answer; the classification, which no file records, is inferred."""
    at = story.now - timedelta(days=2, minutes=5)
    contact = Contact(row_id="T-1", at=at, text="运费多收了二十元。", phone="13700137000")
    story.number = open_case(story.store, Opening(contact, actor="import", via="file", source="old"), story.now).number
    for move, form, inferred in (
        ("classify", {"category": "unclassified"}, True),
        ("investigate", {"findings": "已退还。"}, False),
        ("resolve", {"result": "已退还。"}, False),
    ):
        occurred_at = at + timedelta(hours=20)
        command = Command(story.number, move, form, "import", "file", occurred_at=occurred_at, inferred=inferred)
        advance(story.store, command, story.now)
    story.after(minutes=1)


def told_with_the_result(story: Story) -> None:
    """The result carries the message to the customer: it meets the reply and the solution."""
    story.opens("complaint", "请给我一个说法。", **WANG)
    story.then("sue", "classify", **CLASSIFIED).then("han", "investigate", findings="车厢漏水。", cause="handling")
    story.after(hours=1).then("han", "resolve", result="已赔付。", message="已赔付,请查收。").after(hours=30)


def not_told(story: Story) -> None:
    """The result is recorded and nobody tells the customer: both promises break."""
    story.opens("complaint", "请回复我。", **WANG)
    story.then("sue", "classify", **CLASSIFIED).then("han", "investigate", findings="已找到。", cause="handling")
    story.after(hours=1).then("han", "resolve", result="已补送。").after(hours=30)


def merged(story: Story) -> None:
    """Three customers: the first case goes on in a later one, and the last one in that, too, which is then archived."""
    agrees = {"consent": "同意。", "recipient": "客户本人", "medium": "phone"}
    first = story.opens("complaint", "请给我一个说法。", **WANG).number
    target = (
        story.after(minutes=50).opens("complaint", "请回复我。", phone="13900139000", email="li@example.com").number
    )
    story.on(first).then("amy", "consent_to_merge", agreed_into=target, **agrees)
    story.after(minutes=30).then("amy", "merge", into=target)
    last = story.after(minutes=5).opens("complaint", "请说明。", phone="13700137000", email="wu@example.com").number
    story.on(last).then("amy", "consent_to_merge", agreed_into=target, **agrees).then("amy", "merge", into=target)
    story.on(target).then("sue", "classify", **CLASSIFIED)
    story.after(hours=1).then("han", "investigate", findings="漏装。", cause="handling")
    story.then("han", "resolve", result="已补送。", message="已补送。").after(hours=5)
    story.then("sue", "revisit", outcome="satisfied").after(days=4)


def consulted(story: Story) -> None:
    """A consultation: classified, answered, called back about, archived."""
    story.opens("consultation", "请问大件家具能不能送上楼?", **WANG)
    story.after(hours=1).then("amy", "classify", department="claims").then("amy", "reply", message="今天答复。")
    story.after(hours=3).then("han", "investigate", findings="可以。").then("amy", "answer", answer="可以。")
    story.after(days=4, minutes=2)


def ordered(story: Story) -> None:
    """A service order from its review to its acceptance, the second time round."""
    story.opens("order", "两台机床,从上海运到武汉。", **WANG)
    story.then("amy", "review", accurate=True, complete=True, category="machine_transport", department="market")
    story.then("sue", "analyse_needs", lead_department="claims", on_site_survey=True, report="门宽四米。")
    times = {"starts_at": "2026-04-05T08:00:00+08:00", "ends_at": "2026-04-07T18:00:00+08:00"}
    plan = {
        "content": "门到门。",
        "standard": "防震。",
        "procedure": "吊装。",
        "cost": 860_000,
        "cosigners": "claims",
    }
    story.then("han", "plan", **plan, **times).after(minutes=3)
    story.then("mei", "cosign", department="claims").then("sue", "approve_plan")
    story.after(hours=4).then("amy", "customer_consents", consent="同意。")
    arrangement = {"people": "李师傅", "equipment": "平板车", "route": "沪渝高速", "handling": "先加固。"}
    story.then("amy", "confirm_arrangement", **arrangement)
    due = (story.now + timedelta(days=2)).isoformat()
    story.then("sue", "assign_task", department="claims", owner="han", due_at=due).then("han", "start")
    story.after(hours=30).then("han", "complete", done="已就位。")
    checks = {"documents": True, "site": True, "function": True}
    story.then("amy", "pass_acceptance", **checks, report="YS-0307").after(hours=2, minutes=1)


COMPLAINTS = (reopened, paused, left_alone, disputed, imported, told_with_the_result, not_told)
OTHERS = (consulted, ordered)
