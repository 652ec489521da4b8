"""Stories of the ledger of rewards and penalties: proposed with evidence, decided by a second person, never edited."""

from typing import Any

import pytest

from tests.case_actions import case_of, moves_of
from tests.stories.story import Story

pytestmark = pytest.mark.requirement("E5")


def entry(story: Story, by: str = "sid", **fields: Any) -> Story:
    """Propose an entry about hal, whose evidence is a complaint."""
    evidence = fields.pop("evidence", None) or story.opens("complaint").number
    story.opens("ledger_entry", "奖惩。", by=by)
    given = {"sort": "bonus", "department": "delivery", "concerned": "hal", "amount": 50_000, "grounds": "表现突出。"}
    return story.then(by, "propose", evidence=evidence, **given | fields)


def test_an_entry_is_proposed_with_evidence_and_decided_by_a_second_person(story: Story):
    entry(story, by="max")
    assert story.refused("max", "enter", reasons="同意。").code == "own_work"
    story.then("hera", "enter", reasons="证据充分。")
    assert (story.state, story.mails("hal@example.com")[-1]) == ("entered", f"奖惩记录涉及您（{story.number}）")


def test_an_entry_without_evidence_or_with_evidence_that_does_not_exist_is_refused(story: Story):
    story.opens("ledger_entry", "奖惩。", by="sid")
    given = {"sort": "reprimand", "department": "delivery", "concerned": "hal", "grounds": "迟到。"}
    assert story.refused("sid", "propose", **given).code == "form"
    assert story.refused("sid", "propose", evidence="cp-26-000099", **given).code == "unknown_case"


def test_only_bonus_and_deduction_have_an_amount_and_nobody_proposes_for_himself(story: Story):
    number = story.opens("complaint").number
    story.opens("ledger_entry", "奖惩。", by="sid")
    given = {"department": "delivery", "evidence": number, "grounds": "理由。"}
    for wrong in (
        {"sort": "bonus", "concerned": "hal"},
        {"sort": "reprimand", "concerned": "hal", "amount": 100},
        {"sort": "counter_entry", "concerned": "hal"},
        {"sort": "commendation", "concerned": "sid"},
    ):
        assert story.refused("sid", "propose", **given | wrong).params["guards"] == ["whole_entry"]


def test_a_counter_entry_corrects_entries_alone(story: Story):
    complaint = story.opens("complaint").number
    story.opens("ledger_entry", "更正。", by="sid")
    counter = {"sort": "counter_entry", "department": "delivery", "concerned": "hal", "grounds": "有误。"}
    assert story.refused("sid", "propose", evidence=complaint, corrects=complaint, **counter).code == "form"


def test_a_counter_entry_to_an_entry_that_was_never_made_changes_nothing(story: Story):
    declined = entry(story).then("hera", "decline", reason="证据不足。").number
    entry(story, sort="counter_entry", corrects=declined, evidence=declined).then("hera", "enter", reasons="更正。")
    assert moves_of(story.store, declined)[-1] == "decline"


def test_whom_an_entry_concerns_has_no_part_in_the_decision(story: Story):
    entry(story, concerned="max", sort="commendation", amount=0)
    assert story.refused("max", "enter", reasons="谢谢。").code == "recused"
    story.then("hera", "enter", reasons="同意。")


def test_an_entry_may_be_about_a_department(story: Story):
    entry(story, concerned=None, sort="commendation", amount=0).then("hera", "enter", reasons="部门达标。")
    assert case_of(story.store, story.number)["department"] == "delivery"


def test_an_entry_is_corrected_by_a_counter_entry_and_stays_as_it_was(story: Story):
    wrong = entry(story).then("hera", "enter", reasons="同意。").number
    before = case_of(story.store, wrong)["variables"]
    entry(story, sort="counter_entry", corrects=wrong, evidence=wrong).then("hera", "enter", reasons="金额有误。")
    assert moves_of(story.store, wrong)[-1] == "corrected"
    assert '"amount":50000' in before
    assert '"amount":50000' in case_of(story.store, wrong)["variables"]
    assert story.on(wrong).refused("hera", "propose", sort="bonus", department="delivery", evidence=wrong,
                                   grounds="改。").code == "not_now"  # fmt: skip


@pytest.mark.requirement("E4")
def test_the_person_reads_his_entries_and_colleagues_do_not(story: Story):
    entry(story).then("hera", "enter", reasons="同意。")
    assert story.reads("hal")
    assert not story.reads("amy")
    assert not story.reads("sal")


@pytest.mark.requirement("E4")
def test_the_person_may_appeal_and_a_won_appeal_is_recorded_at_the_entry(story: Story):
    number = entry(story).then("hera", "enter", reasons="同意。").number
    story.opens("appeal", "不同意。", by="hal")
    story.then("eva", "take_up", about=number, appellant="hal")
    story.then("eva", "form_panel", panel_lead="pam").then("pam", "reverify", findings="证据不足。")
    story.then("pia", "uphold_appeal", correction="撤销。")
    assert moves_of(story.store, number)[-2:] == ["appealed", "appeal_upheld"]
