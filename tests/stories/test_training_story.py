"""Stories of trainings: proposed, planned, attended, examined; only who is certified is given customers' cases."""

import json
from typing import Any

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from tests.case_actions import case_of, query_rows
from tests.editions import publishes
from tests.stories.story import Story

COURSE = {"course": "service", "department": "delivery"}
GOOD: dict[str, Any] = {"theory": 80, "practice": 60, "attitude": 75, "evidence": "试卷,实操录像。"}
NEXT_WEEK = "2026-03-09T09:00:00+08:00"


def demands_certificates(story: Story) -> None:
    publishes(story.store, "staffing", certificate="service", propose_courses=True, source="a test")


def planned(story: Story, trainee: str = "hal") -> Story:
    story.opens("training", "新员工上岗。", by="sid").then("sid", "propose", trainee=trainee, **COURSE)
    return story.then("hera", "plan", due_at=NEXT_WEEK, plan_year=2026)


def attended(story: Story, trainee: str = "hal") -> Story:
    return planned(story, trainee).then("quin", "attend", attended=8, held_at=story.now.isoformat())


def certified(story: Story, trainee: str = "hal", **dates: str) -> Story:
    return attended(story, trainee).then("quin", "examine", **GOOD).then("hera", "certify", **dates)


def complaint(story: Story) -> Story:
    story.opens("complaint")
    return story.then("amy", "classify", category="damage", severity="normal", department="delivery")


def proposed(story: Story) -> list[dict[str, Any]]:
    rows = query_rows(story.store, "SELECT variables FROM cases WHERE kind = 'training' ORDER BY id")
    return [json.loads(row["variables"]) for row in rows]


def owner(story: Story, number: str) -> str | None:
    return case_of(story.store, number)["owner"]


@pytest.mark.requirement("J1")
def test_a_training_goes_from_the_proposal_to_the_certificate(story: Story):
    planned(story)
    assert story.mails("hal@example.com")[-1] == f"培训通知（{story.number}）：service"
    story.then("quin", "attend", attended=8, held_at=story.now.isoformat()).then("quin", "examine", **GOOD)
    assert story.state == "passed"
    assert story.refused("quin", "certify").code == "role"
    story.then("hera", "certify")
    assert (story.state, story.outcome("certificate_validity")) == ("certified", None)


@pytest.mark.requirement("J1")
def test_whoever_fails_one_part_is_examined_again(story: Story):
    attended(story).then("quin", "examine", **GOOD | {"attitude": 59})
    assert story.state == "failed"
    story.then("hera", "retest", reason="态度未达标。", due_at=NEXT_WEEK)
    assert (story.state, json.loads(story.variables)["retests"]) == ("planned", 1)
    story.then("quin", "attend", attended=2, held_at=story.now.isoformat()).then("quin", "examine", **GOOD)
    assert story.state == "passed"


@pytest.mark.requirement("F3")
def test_nobody_examines_or_certifies_himself_and_no_examiner_certifies(story: Story):
    planned(story, trainee="quin")
    assert story.refused("quin", "attend", attended=8, held_at=story.now.isoformat()).code == "recused"
    story.then("hera", "attend", attended=8, held_at=story.now.isoformat())
    assert story.refused("quin", "examine", **GOOD).code == "recused"
    story.then("hera", "examine", **GOOD)
    assert story.refused("hera", "certify").code == "own_work"
    story.then("max", "certify")


@pytest.mark.requirement("J1")
def test_a_certificate_has_both_dates_or_neither(story: Story):
    attended(story).then("quin", "examine", **GOOD)
    assert story.refused("hera", "certify", valid_until="2027-03-02T09:00:00+08:00").params["guards"] == ["dated"]
    dates = {"valid_until": "2026-05-02T09:00:00+08:00", "renew_from": "2026-04-02T09:00:00+08:00"}
    story.then("hera", "certify", **dates)
    assert story.fires("certificate_validity") is not None
    story.until("2026-05-02T09:01+08:00")
    assert story.state == "lapsed"


@pytest.mark.requirement("J1")
def test_the_uncertified_are_given_no_customers_case_where_the_pack_asks_for_it(story: Story):
    demands_certificates(story)
    number = complaint(story).number
    assert owner(story, number) is None, "nobody of the department is certified, so nobody is chosen"
    refused = story.refused("sid", "assign", department="delivery", owner="hal")
    assert (refused.code, refused.params["course"]) == ("uncertified", "service")
    certified(story)
    story.on(number).then("sid", "assign", department="delivery", owner="hal")
    assert owner(story, number) == "hal"


@pytest.mark.requirement("J1")
def test_cases_are_routed_to_the_certified_alone(story: Story):
    demands_certificates(story)
    certified(story)
    assert owner(story, complaint(story).number) == "hal"


@pytest.mark.requirement("J1")
def test_a_pack_that_asks_for_no_certificate_and_a_case_without_customer_go_to_anybody(story: Story):
    assert owner(story, complaint(story).number) == "hal"
    demands_certificates(story)
    story.opens("improvement_plan", "满意率低。", by="eva").then("eva", "require", department="delivery", owner="hal")
    assert owner(story, story.number) == "hal"


@pytest.mark.requirement("J1")
@pytest.mark.long
def test_an_expiring_certificate_is_told_thirty_days_ahead_and_once(story: Story):
    certified(story)
    story.after(days=335)
    assert story.state == "renewal_due"
    ahead = f"您的资格证书即将到期（{story.number}）：service"
    assert story.mails("hal@example.com").count(ahead) == 1
    assert any(story.number in subject for subject in story.mails("sid@example.com")), "the supervisor has a notice"
    story.settle()
    assert story.mails("hal@example.com").count(ahead) == 1


@pytest.mark.requirement("J1")
def test_open_cases_of_who_lost_his_certificate_are_listed_and_stay_until_the_supervisor_decides(story: Story):
    demands_certificates(story)
    training = certified(story).number
    number = complaint(story).number
    story.on(training).then("max", "revoke", reason="严重违规操作。")
    assert (story.state, owner(story, number)) == ("lapsed", "hal")
    assert json.loads(story.variables)["listed"] == number
    assert story.on(number).refused("sid", "assign", department="delivery", owner="hal").code == "uncertified"
    story.on(training).then("sid", "rule_on_cases", decision="由本人在带教下办结。")
    assert (story.state, owner(story, number)) == ("archived", "hal")


@pytest.mark.requirement("J1")
def test_a_newer_certificate_replaces_the_older_one(story: Story):
    first = certified(story).number
    second = certified(story).number
    assert (case_of(story.store, first)["state"], case_of(story.store, second)["state"]) == ("archived", "certified")


@pytest.mark.requirement("J2")
def test_a_low_score_proposes_a_course_once_for_a_cause(story: Story):
    demands_certificates(story)
    for _ in range(2):
        story.opens("evaluation", "态度很差。")
        story.then("amy", "assess", tone="negative", attitude=1, evaluated="hal", department="delivery")
    assert [training["course"] for training in proposed(story)] == ["attitude"]


@pytest.mark.requirement("J2")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_evaluations_at_the_same_instant_propose_the_course_once(story: Story, order: tuple[int, int]):
    demands_certificates(story)
    numbers = [story.opens("evaluation", "态度很差。").number for _ in range(2)]
    form = {"tone": "negative", "attitude": 1, "evaluated": "hal", "department": "delivery"}
    for nth in order:
        advance(story.store, Command(numbers[nth], "assess", form, actor="amy"), story.now)
    story.settle()
    [training] = proposed(story)
    assert (training["course"], training["because_of"] in numbers) == ("attitude", True)


@pytest.mark.requirement("J2")
def test_a_course_that_is_over_is_proposed_again_at_the_next_low_score(story: Story):
    demands_certificates(story)
    form = {"tone": "negative", "attitude": 1, "evaluated": "hal", "department": "delivery"}
    for _ in range(3):
        story.opens("evaluation", "态度很差。").then("amy", "assess", **form)
        story.on(story.child("training")).then("hera", "cancel", reason="已口头辅导。")
    assert len(proposed(story)) == 3


@pytest.mark.requirement("J2")
def test_an_upheld_complaint_proposes_a_course_to_the_department_which_names_the_trainee(story: Story):
    demands_certificates(story)
    complaint(story).then("sid", "assign", department="delivery")
    cause = {"cause": "handling_damage", "responsible": "delivery", "degree": "full"}
    story.then("sid", "investigate", findings="装卸不当。")
    story.then("sid", "determine_responsibility", evidence="监控录像。", **cause)
    story.then("max", "confirm_responsibility", **{f"confirmed_{name}": value for name, value in cause.items()})
    story.on(story.child("training"))
    assert story.refused("hera", "plan", due_at=NEXT_WEEK).params["guards"] == ["trainee_named"]
    story.then("sid", "name_trainee", trainee="hal").then("hera", "plan", due_at=NEXT_WEEK)
    assert json.loads(story.variables)["course"] == "handling_damage"


@pytest.mark.requirement("J2")
def test_without_the_packs_word_no_course_is_proposed(story: Story):
    story.opens("evaluation", "态度很差。")
    story.then("amy", "assess", tone="negative", attitude=1, evaluated="hal", department="delivery")
    assert query_rows(story.store, "SELECT 1 AS one FROM cases WHERE kind = 'training'") == []


@pytest.mark.requirement("J1")
def test_the_trainee_reads_his_training_and_no_colleague_does(story: Story):
    attended(story).then("quin", "examine", **GOOD)
    assert story.reads("hal")
    assert not story.reads("han")
    assert not story.reads("amy")
    assert story.reads("sid")
    assert not story.reads("sue"), "a supervisor reads those of his department"
