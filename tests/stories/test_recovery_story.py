"""Stories of recoveries: the cost of a complaint is claimed back, paid, or written off by two people."""

import pytest

from reports.linked_cases import RecoveryClaim, recovery_claims
from tests.stories.story import Story


def claimed(story: Story, fen: int = 50_000) -> str:
    """Investigate a complaint, claim its cost back and continue with the recovery; return the complaint's number."""
    story.opens("complaint", "签收时发现货物破损。", customer="王女士", email="wang@example.com")
    story.then("han", "investigate", findings="外包车队碰倒。").then(
        "mei", "recover", recovery=fen, claimed_from="顺达车队"
    )
    complaint = story.number
    story.on(story.child("recovery"))
    return complaint


def entry(story: Story) -> RecoveryClaim:
    [claim] = [claim for claim in recovery_claims(story.store) if claim.number == story.number]
    return claim


@pytest.mark.requirement("B4")
def test_each_recovery_is_an_entry_of_the_ledger(story: Story):
    complaint = claimed(story)
    assert (story.state, story.moves) == ("claimed", ["open", "claim"])
    assert entry(story) == RecoveryClaim(story.number, complaint, 50_000, 0, 0, "claimed")
    story.then("han", "receive_payment", amount=20_000, recovered=20_000)
    assert story.refused("han", "settle").params["guards"] == ["all_in"]
    story.then("han", "receive_payment", amount=30_000, recovered=50_000).then("han", "settle")
    assert (entry(story).outstanding, story.state) == (0, "cleared")
    story.after(days=3)
    assert story.state == "archived"
    assert entry(story).recovered == 50_000


@pytest.mark.requirement("B4")
def test_the_customer_is_not_notified_of_the_recovery_and_the_debtor_is_personal_text(story: Story):
    claimed(story)
    assert story.mails("wang@example.com") != []
    assert all(story.number not in subject for subject in story.mails("wang@example.com"))
    assert "顺达" not in story.variables


@pytest.mark.requirement("B4")
def test_each_claim_is_a_separate_entry(story: Story):
    complaint = claimed(story)
    story.on(complaint).then("mei", "recover", recovery=7_000, claimed_from="包装厂")
    assert [(claim.complaint, claim.claimed) for claim in recovery_claims(story.store)] == [
        (complaint, 50_000),
        (complaint, 7_000),
    ]


@pytest.mark.requirement("B4")
def test_a_payment_must_add_up_and_never_exceeds_the_claim(story: Story):
    claimed(story)
    for amount, total in ((20_000, 30_000), (60_000, 60_000)):
        assert story.refused("han", "receive_payment", amount=amount, recovered=total).params["guards"] == ["adds_up"]
    story.then("han", "receive_payment", amount=50_000, recovered=50_000)
    assert story.refused("han", "receive_payment", amount=1, recovered=50_001).code == "guard"


@pytest.mark.requirement("B4")
@pytest.mark.requirement("F3")
def test_the_rest_is_written_off_only_by_a_second_person(story: Story):
    claimed(story)
    story.then("han", "receive_payment", amount=20_000, recovered=20_000)
    assert story.refused("han", "propose_write_off", code="insolvent", reason="车队破产。").code == "role"
    story.then("max", "propose_write_off", code="insolvent", reason="车队破产。")
    assert story.refused("sue", "write_off", written_off=30_000).code == "role"
    assert story.refused("max", "write_off", written_off=30_000).code == "own_work"
    assert story.refused("mei", "write_off", written_off=10_000).params["guards"] == ["all_outstanding"]
    story.then("mei", "decline_write_off", reason="再催一次。")
    assert story.state == "claimed"
    story.then("max", "propose_write_off", code="insolvent", reason="催过了。").then(
        "mei", "write_off", written_off=30_000
    )
    assert (story.state, entry(story).written_off, entry(story).outstanding) == ("cleared", 30_000, 0)


@pytest.mark.requirement("B4")
def test_a_missing_payment_escalates(story: Story):
    story.promises(recovery_payment={"amount": 10, "unit": "days"})
    claimed(story)
    story.after(days=10, minutes=1)
    assert (story.steps("recovery_payment"), story.level) == ([75, 100], 1)
    story.then("sue", "propose_write_off", code="not_traceable", reason="查无此车队。")
    assert story.fires("recovery_payment") is None, "the timer pauses while the write-off is decided"
