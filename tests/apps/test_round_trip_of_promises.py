"""An exported log whose promises did not simply end: bounced messages, ends and merges that were undone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.actors import SYSTEM
from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.same_customer import Decision, join_customers
from tests.apps.sample_cases import CLASSIFIED, WANG
from tests.apps.test_round_trip import create_another, differences, export_and_replay, histories_of, story
from tests.case_actions import moves_of
from tests.stories.story import Story

__all__ = ["create_another", "export_and_replay", "story"]

pytestmark = pytest.mark.any_database

LI = {"phone": "13900139000", "email": "li@example.com"}


def by_system(story: Story, move: str, **form: Any) -> None:
    """Let the system record what became of a message."""
    advance(story.store, Command(story.number, move, form, SYSTEM, "import"), story.now)
    story.settle()


def replied(story: Story, **contact: Any) -> int:
    """Open a case and reply by mail an hour later; return the number of the reply."""
    story.opens("complaint", "请回复我。", **(contact or WANG)).then("sue", "classify", **CLASSIFIED)
    story.after(hours=1).then("amy", "reply", message="三点给您回电。")
    return 1 + moves_of(story.store, story.number).index("reply")


def bounced(story: Story) -> dict[str, list[str | None]]:
    """The reply comes back and nobody else tells the customer: the first reply is broken."""
    seq = replied(story)
    story.after(minutes=20)
    by_system(story, "message_undelivered", message=seq, cause="bounced")
    story.after(hours=9)
    return {"first_reply": [None]}


def bounced_and_called(story: Story) -> dict[str, list[str | None]]:
    """The reply comes back, and the customer is called in time."""
    seq = replied(story)
    by_system(story, "message_undelivered", message=seq, cause="bounced")
    story.after(minutes=9).then("amy", "reply", message="电话告知。", medium="phone", recipient="王女士")
    return {"first_reply": ["met"]}


def arrived_after_all(story: Story) -> dict[str, list[str | None]]:
    """The reply is given up and is sent after all, within the limit; a second time it is lost for good."""
    seq = replied(story)
    by_system(story, "message_undelivered", message=seq, cause="server_away")
    story.after(minutes=10)
    by_system(story, "message_arrived", message=seq)
    return {"first_reply": ["met"]}


def lost_in_the_end(story: Story) -> dict[str, list[str | None]]:
    """The reply arrives after all, and then it comes back."""
    arrived_after_all(story)
    by_system(
        story, "message_undelivered", message=1 + moves_of(story.store, story.number).index("reply"), cause="bounced"
    )
    story.after(hours=5)
    return {"first_reply": [None]}


def bounced_after_the_end(story: Story) -> dict[str, list[str | None]]:
    """The case is withdrawn, and then its reply comes back: a case that has ended owes nothing."""
    seq = replied(story)
    story.then("amy", "withdraw", reason="找到了。")
    by_system(story, "message_undelivered", message=seq, cause="bounced")
    return {"first_reply": ["met"]}


def withdrawal_undone(story: Story) -> dict[str, list[str | None]]:
    """The case is withdrawn by mistake: what was promised goes on, also the day that was agreed."""
    story.opens("complaint", "请回复我。", **WANG).then("sue", "classify", **CLASSIFIED)
    story.then("sue", "promise", promise="A call.", due_at=(story.now + timedelta(hours=30)).isoformat())
    story.after(minutes=50).then("amy", "withdraw", reason="找到了。")
    story.after(hours=10).then("sue", "undo_end", reason="另一件。")
    story.after(minutes=30).then("amy", "reply", message="今天给您回电。")
    return {"first_reply": ["met"], "promise": [None]}


def merge_undone(story: Story) -> dict[str, list[str | None]]:
    """Two customers' cases are merged and parted; in the meantime both were told, and later the first one again."""
    target = story.opens("complaint", "请给我一个说法。", **LI).number
    number = story.after(minutes=10).opens("complaint", "请回复我。", **WANG).number
    agrees = {"consent": "同意。", "recipient": "客户本人", "medium": "phone"}
    story.then("amy", "consent_to_merge", agreed_into=target, **agrees).then("amy", "merge", into=target)
    story.after(minutes=30).on(target).then("amy", "reply", message="今天答复。")
    story.after(minutes=30).on(number).then("sue", "undo_end", reason="是两件事。")
    story.after(hours=1).on(target).then("amy", "propose_solution", solution="赔付。")
    story.on(number).then("sue", "classify", **CLASSIFIED).after(hours=30)
    return {"first_reply": ["handed_on"], "solution": [None]}


def merged_again(story: Story) -> dict[str, list[str | None]]:
    """The merge is undone and made again: the target takes over the promises twice."""
    merge_undone(story)
    number, target = story.number, "cp-26-000001"
    agrees = {"consent": "同意。", "recipient": "客户本人", "medium": "phone"}
    story.then("amy", "consent_to_merge", agreed_into=target, **agrees).then("amy", "merge", into=target)
    story.on(target).after(hours=3).on(number)
    return {"first_reply": ["handed_on"], "solution": ["handed_on"]}


def one_customer(story: Story) -> dict[str, list[str | None]]:
    """A person says that two cases are of one customer, which the record numbers like a move; then a reply bounces."""
    other = story.opens("complaint", "请回复我。", **LI).number
    story.opens("complaint", "请回复我。", **WANG).then("sue", "classify", **CLASSIFIED)
    join_customers(story.store, Decision(story.number, other, "同一人。", "sue"), story.now)
    story.after(hours=1).then("amy", "reply", message="三点给您回电。")
    seq = 1 + moves_of(story.store, story.number).index("reply")
    by_system(story, "message_undelivered", message=seq, cause="bounced")
    story.after(hours=6)
    return {"first_reply": [None]}


def reclassified(story: Story) -> dict[str, list[str | None]]:
    """Another category, severity and department, and the solution proposed by a letter that comes back."""
    replied(story)
    story.then("sue", "reclassify", category="shortage", severity="low", department="hotline")
    story.then("amy", "propose_solution", solution="补送。")
    seq = 1 + moves_of(story.store, story.number).index("propose_solution")
    story.after(hours=2)
    by_system(story, "message_undelivered", message=seq, cause="unknown_address")
    story.after(hours=60)
    return {"first_reply": ["met"], "solution": [None]}


SCENARIOS = (
    *(bounced, bounced_and_called, arrived_after_all, lost_in_the_end, bounced_after_the_end, withdrawal_undone),
    *(merge_undone, merged_again, reclassified),
)


@pytest.mark.requirement("A5")
@pytest.mark.requirement("B5")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_promises_are_as_open_or_met_in_another_store(
    story: Story, export_and_replay: Any, scenario: Callable[[Story], dict[str, list[str | None]]]
):
    expected = scenario(story)
    replayed = export_and_replay("complaint", "csv")
    timers = histories_of(replayed, "complaint")[1][story.number]
    found = {clause: [row["outcome"] for row in timers if row["clause"] == clause] for clause in expected}
    assert found == expected
    assert differences(replayed, story.store, "complaint") == []
    assert verify(replayed).faults == ()


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("sort", ["xes", "ocel2", "xlsx"])
def test_all_of_them_together_in_the_other_formats(story: Story, export_and_replay: Any, sort: str):
    for scenario in (bounced, arrived_after_all, merged_again, reclassified):
        scenario(story)
    replayed = export_and_replay("complaint", sort)
    assert differences(replayed, story.store, "complaint") == []


@pytest.mark.requirement("A5")
def test_a_message_is_found_under_its_new_number(story: Story, export_and_replay: Any):
    """A decision on the customer is not replayed, so all later moves have other numbers."""
    expected = one_customer(story)
    replayed = export_and_replay("complaint", "csv")
    moves, timers = histories_of(replayed, "complaint")
    exported = histories_of(story.store, "complaint")[0][story.number]
    here = moves[story.number]
    [bounce] = [row for row in here if row["move"] == "message_undelivered"]
    [reply] = [row for row in here if row["move"] == "reply"]
    assert bounce["form"]["message"] == reply["seq"]
    assert reply["seq"] == next(row["seq"] for row in exported if row["move"] == "reply") - 1
    assert [row["outcome"] for row in timers[story.number] if row["clause"] == "first_reply"] == expected["first_reply"]
