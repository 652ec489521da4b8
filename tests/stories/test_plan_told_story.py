"""An approved plan is told to the customer, and a confirmation that did not arrive is owed until it does (C1, A5)."""

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from gateways.mail import FakeMailer
from tests.case_actions import case_of, execute_sql, query_rows, refusal
from tests.stories.story import Story
from tests.stories.test_service_order_story import ARRANGEMENT, WANG, executing, plan_of, planned

pytestmark = pytest.mark.requirement("C1")

APPROVAL = "SELECT form FROM transition WHERE case_id = :id AND move = 'approve_plan'"


def approved(story: Story, **form: str) -> Story:
    """Plan an order, have it signed and approve the plan."""
    return planned(story).then("ops", "cosign", department="operations").then("sid", "approve_plan", **form)


def bodies(story: Story) -> list[str]:
    """Return the texts that the customer was sent."""
    assert isinstance(story.work.mailer, FakeMailer)
    return [mail.body for mail in story.work.mailer.sent if mail.to == WANG]


def test_the_customer_reads_in_the_plans_own_words_what_will_be_done(story: Story):
    approved(story)
    content = str(plan_of()["content"])
    assert [content in body for body in bodies(story)].count(True) == 1
    assert story.mails(WANG)[-1] == f"关于您的订单（编号 {story.number}）：服务方案"


def test_the_manager_may_say_it_in_other_words(story: Story):
    approved(story, message="两台车明日早上八点到。")
    assert "两台车明日早上八点到。" in bodies(story)[-1]
    assert str(plan_of()["content"]) not in bodies(story)[-1]


def test_a_conversation_is_recorded_instead_of_a_mail(story: Story):
    planned(story).then("ops", "cosign", department="operations")
    sent = len(bodies(story))
    story.then("sid", "approve_plan", medium="phone", recipient="王先生")
    assert len(bodies(story)) == sent
    [approval] = query_rows(story.store, APPROVAL, id=case_of(story.store, story.number)["id"])
    assert '"medium":"phone"' in approval["form"]


def test_a_plan_of_a_customer_whom_no_mail_reaches_is_not_approved_in_silence(story: Story):
    planned(story).then("ops", "cosign", department="operations")
    execute_sql(story.store, "UPDATE party SET email = NULL, email_key = NULL, identity = NULL")
    command = Command(story.number, "approve_plan", actor="sid")
    assert refusal(lambda: advance(story.store, command, story.now)).code == "no_customer_address"


@pytest.mark.requirement("A5")
def test_a_confirmation_that_comes_back_while_the_order_is_carried_out_is_owed_again(story: Story):
    executing(story)
    assert story.outcome("confirm_booking") == "met"
    confirmation = 1 + story.moves.index("confirm_arrangement")
    story.then("amy", "message_undelivered", message=confirmation, cause="bounced")
    assert (story.state, story.outcome("confirm_booking")) == ("executing", None)
    story.then("amy", "confirm_arrangement", **ARRANGEMENT, medium="phone", recipient="王先生")
    assert (story.state, story.outcome("confirm_booking")) == ("executing", "met")
