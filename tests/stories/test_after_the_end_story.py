"""Stories of customers who contact us again: the case goes on, comes back, or has a new one beside it."""

import pytest

from engine.commands.follow_up import follow_up
from engine.commands.open_case import Opening, open_case
from models.contact import Channel, Contact
from tests.case_actions import AGENT, case_of, query_rows, refusal
from tests.stories.story import Story
from tests.stories.test_ends_story import DAMAGE, WANG, resolved

AGREES = {"consent": "同意一并处理。", "recipient": "客户本人", "medium": "phone"}
LI = {"customer": "李女士", "phone": "13900139000", "email": "li@example.com"}


def contacts_again(story: Story, number: str = "", text: str = "还是没有解决。", key: str | None = None) -> str:
    """Let the customer contact us about a case; return the number of the case that has his words."""
    contact = Contact(row_id="-", at=story.now, text=text, channel=Channel.HOTLINE)
    answer = follow_up(story.store, number or story.number, contact, story.now, AGENT, key=key)
    story.after(minutes=1)
    return answer.number


@pytest.mark.requirement("B3")
def test_within_the_window_a_customers_contact_reopens_his_archived_case(story: Story):
    resolved(story).then("amy", "revisit", outcome="satisfied").after(days=4)
    assert story.state == "archived"
    story.after(days=29)
    assert contacts_again(story) == story.number
    case = case_of(story.store, story.number)
    assert (case["state"], case["cycle"], case["level"], bool(case["closed"])) == ("investigated", 2, 1, False)
    assert story.outcome("solution") is None, "the promises of a new round run"


@pytest.mark.requirement("B3")
def test_after_the_window_it_opens_a_new_case_linked_to_the_old_one(story: Story):
    old = resolved(story).then("amy", "revisit", outcome="satisfied").after(days=34).number
    new = contacts_again(story)
    assert (new != old, story.state) == (True, "archived")
    [link] = query_rows(story.store, "SELECT relation FROM link")
    assert link["relation"] == "follow_up"
    parties = query_rows(story.store, "SELECT DISTINCT party_id FROM cases WHERE kind = 'complaint'")
    assert len(parties) == 1, "it is the same customer's"


@pytest.mark.requirement("A4")
def test_a_contact_about_an_open_case_tells_whoever_has_it_and_answers_what_was_asked(story: Story):
    story.opens("complaint", DAMAGE, **WANG)
    contacts_again(story, text="今天又坏了一箱。")
    assert (story.moves[-1], story.mails("han@example.com")[-1]) == (
        "follow_up",
        f"工单 {story.number}：客户再次来访",
    )
    story.then("amy", "ask_customer", question="哪一天?")
    contacts_again(story, text="周日。")
    assert (story.moves[-1], story.state) == ("customer_answers", "classified")


@pytest.mark.requirement("A6")
def test_a_contact_about_a_merged_case_reaches_the_case_that_goes_on(story: Story):
    first = story.opens("complaint", DAMAGE, **WANG).number
    second = story.opens("complaint", DAMAGE, **LI).number
    third = story.opens("complaint", DAMAGE).number
    refused = story.on(first).refused("amy", "merge", into=second)
    assert refused.code == "no_consent", "the other case is another customer's"
    story.then("amy", "consent_to_merge", agreed_into=second, **AGREES).then("amy", "merge", into=second)
    assert f"您反映的问题已并入编号 {second} 一并处理" in story.mails(WANG["email"])
    story.on(second).then("amy", "consent_to_merge", agreed_into=third, **AGREES).then("amy", "merge", into=third)
    assert contacts_again(story, first) == third
    assert story.on(third).moves[-1] == "follow_up"


@pytest.mark.requirement("A6")
def test_a_contact_sent_twice_under_its_key_is_recorded_once(story: Story):
    story.opens("complaint", DAMAGE, **WANG)
    for _ in range(2):
        assert contacts_again(story, key="call-7") == story.number
    assert story.moves.count("follow_up") == 1
    resolved(story).then("amy", "revisit", outcome="satisfied").after(days=34)
    assert contacts_again(story, key="call-8") == contacts_again(story, key="call-8") != story.number


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("mistake", ["withdraw", "merge", "refuse"])
def test_a_mistaken_end_is_undone_by_a_manager_within_the_window(story: Story, mistake: str):
    other = story.opens("complaint", DAMAGE, **LI).number
    story.opens("complaint", "随便说说。", **WANG)
    if mistake == "withdraw":
        story.then("amy", "withdraw", reason="客户说找到了。")
    elif mistake == "merge":
        story.then("amy", "consent_to_merge", agreed_into=other, **AGREES).then("amy", "merge", into=other)
    else:
        story.then("amy", "propose_refusal", code="no_facts", reason="没有事实。")
        story.then("mei", "refuse", code="no_facts", told="没有事实,暂不受理。")
    assert story.refused("amy", "undo_end", reason="弄错了。").code == "role"
    story.after(days=7).then("sue", "undo_end", reason="弄错了。")
    case = case_of(story.store, story.number)
    assert (case["state"], case["cycle"], bool(case["closed"]), story.moves.count("undo_end")) == (
        "received", 2, False, 1,
    )  # fmt: skip
    assert story.outcome("solution") is None
    story.then("amy", "withdraw", reason="客户确实撤诉。").after(days=7, minutes=1)
    refused = story.refused("sue", "undo_end", reason="又弄错了。")
    assert (refused.code, refused.params["guards"]) == ("guard", ["within_undoing"])


@pytest.mark.requirement("H1")
def test_a_whistle_report_is_nobodys_to_follow_up(story: Story):
    story.opens("report", "司机收了红包。")
    contact = Contact(row_id="-", at=story.now, text="还有一次。")
    assert refusal(lambda: follow_up(story.store, story.number, contact, story.now)).code == "no_follow_up"


@pytest.mark.requirement("F2")
def test_the_affected_customer_is_told_of_the_decision_not_only_whoever_reported(story: Story):
    contact = Contact.model_validate({"row_id": "-", "at": story.now, "text": DAMAGE, **LI})
    complaint = open_case(story.store, Opening(contact), story.now).number
    story.opens("report", "司机弄坏了货物还瞒报。", email="reporter@example.com")
    story.then("quin", "take_up", category="code_breach", accused="hal")
    story.then("eva", "form_team", lead_investigator="ivy")
    story.then("ivy", "add_evidence", evidence="监控录像").then(
        "ivy", "conclude", findings="属实。", degree="full", proven=True
    )
    story.then("max", "decide", penalty="warning", grounds="违反规范。")
    assert story.refused("max", "tell_customer", message="已处理。", affected="cp-26-999999").code == "unknown_case"
    story.then("max", "tell_customer", message="当事人已受警告。", affected=complaint)
    told = [subject for subject in story.mails(LI["email"]) if "违规" in subject or story.number in subject]
    assert len(told) == 1
    assert story.outcome("tell_affected_customer") == "met"
    story.on(complaint)
