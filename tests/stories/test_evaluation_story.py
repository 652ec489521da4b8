"""Stories of evaluations: each is answered in time, none is hidden, disputed ones are marked."""

import json

import pytest

from engine.commands.advance import advance
from engine.commands.command import Command
from models.columns import to_micros
from reports.evaluation_figures import EvaluationFigures, evaluation_figures
from reports.evaluation_figures_text import figure_rows, figures_said
from tests.case_actions import DAY, START
from tests.stories.story import Story

SLOW = "送货慢,电话也不接。"
BAD = {"tone": "negative", "timeliness": 1, "attitude": 2, "evaluated": "hal", "department": "delivery"}
APPEAL = "ap-26-000099"


def appeal(story: Story, verdict: str) -> None:
    """Make the move by which the system records the verdict on an appeal against the evaluation."""
    advance(story.store, Command(story.number, verdict, {"case": APPEAL}), story.now)


@pytest.mark.requirement("A2")
@pytest.mark.requirement("E7")
@pytest.mark.requirement("E8")
def test_an_evaluation_without_an_order_is_answered_in_time_with_the_measure_taken(story: Story):
    story.promises(answer_evaluation={"amount": 3, "unit": "days"})
    story.opens("evaluation", SLOW, email="wang@example.com")
    assert (story.number[:2], story.state) == ("ev", "received")
    assert (story.moves[-1], story.outcome("answer_evaluation")) == ("acknowledge", None), "a receipt meets no promise"
    story.after(hours=5).then("amy", "assess", **BAD)
    assert story.state == "assessed"
    assert story.refused("sid", "answer", message="对不起。").code == "form", "an answer needs a measure"
    story.after(days=1).then("sid", "answer", measure="增加一条晚班线路。", message="对不起,我们已增加晚班。")
    assert (story.state, story.outcome("answer_evaluation")) == ("answered", "met")
    story.after(days=3)
    assert (story.state, story.moves[-1]) == ("archived", "archive")


@pytest.mark.requirement("E7")
def test_an_evaluation_that_nobody_answers_is_reminded_and_escalated(story: Story):
    story.promises(answer_evaluation={"amount": 3, "unit": "days"})
    story.opens("evaluation", SLOW).after(days=3, seconds=1)
    assert (story.steps("answer_evaluation"), story.level) == ([75, 100], 1)


@pytest.mark.requirement("E8")
def test_a_negative_evaluation_cannot_be_hidden(story: Story):
    story.opens("evaluation", SLOW)
    assert story.refused("amy", "assess", **BAD | {"tone": "positive"}).params["guards"] == ["as_given"]
    assert story.refused("amy", "assess", tone="mixed", quality=2, timeliness=5).params["guards"] == ["as_given"]
    story.then("amy", "assess", **BAD)
    for hiding in ("refuse", "merge", "delete"):
        assert story.refused("gao", hiding).code == "unknown_move"
    assert story.refused("gao", "withdraw", wish="删掉。").code == "role"
    assert story.refused("ann", "withdraw", wish="客户收回。").code == "guard", "an agent alone hides nothing negative"
    story.then("quin", "withdraw", wish="师傅已上门道歉,我收回评价。")
    assert (story.state, json.loads(story.variables)["timeliness"]) == ("withdrawn", 1), "the scores stay in the record"


@pytest.mark.requirement("E4")
@pytest.mark.requirement("F3")
def test_the_person_evaluated_is_notified_and_makes_no_move(story: Story):
    story.opens("evaluation", "接线员态度差。")
    assert story.refused("amy", "assess", tone="negative", evaluated="amy").params["guards"] == ["as_given"]
    story.then("ann", "assess", tone="negative", attitude=1, evaluated="amy")
    assert story.mails("amy@example.com") == [f"有一份客户评价与您有关（编号 {story.number}）"]
    assert story.refused("amy", "withdraw", wish="客户收回。").code == "recused"
    assert story.refused("amy", "answer", measure="无。", message="好的。").code == "recused"
    story.then("ann", "answer", measure="安排培训。", message="对不起,我们已安排培训。")
    assert story.state == "answered"


@pytest.mark.requirement("E8")
@pytest.mark.requirement("F3")
def test_a_doubt_is_marked_with_evidence_by_a_reviewer_and_cleared_by_another(story: Story):
    story.opens("evaluation", SLOW).then("amy", "assess", **BAD)
    assert story.refused("sid", "dispute", evidence="没有这票货。").code == "role"
    assert story.refused("eva", "dispute").code == "form", "no doubt without evidence"
    story.then("eva", "dispute", evidence="没有这票货。")
    assert (story.state, json.loads(story.variables)["disputed"]) == ("assessed", True)
    assert story.refused("eli", "dispute", evidence="没有。").params["guards"] == ["undisputed"]
    assert story.refused("eva", "clear_dispute", evidence="有的。").code == "own_work"
    story.then("eli", "clear_dispute", evidence="运单号写错了,货是有的。")
    assert json.loads(story.variables)["disputed"] is False
    story.then("quin", "answer", measure="核对运单。", message="已核对。")
    assert story.refused("quin", "dispute", evidence="?").code == "own_work"


@pytest.mark.requirement("E4")
def test_a_won_appeal_marks_the_evaluation_for_recomputation_even_when_archived(story: Story):
    story.opens("evaluation", SLOW).then("amy", "assess", **BAD)
    appeal(story, "appealed")
    story.then("sid", "answer", measure="谈话。", message="已谈话。").after(days=3)
    assert story.state == "archived"
    appeal(story, "appeal_upheld")
    variables = json.loads(story.variables)
    assert (story.state, variables["appeals"], variables["recompute"]) == ("archived", 1, True)


@pytest.mark.requirement("E4")
def test_a_dismissed_appeal_leaves_the_evaluation_as_it_is(story: Story):
    story.opens("evaluation", SLOW).then("amy", "assess", **BAD)
    appeal(story, "appealed")
    appeal(story, "appeal_dismissed")
    assert "recompute" not in json.loads(story.variables)
    assert story.refused("gao", "appeal_upheld", case=APPEAL).code == "role", (
        "only the appeal's case records the panel's verdict"
    )


def figures(story: Story, as_of: int | None = None) -> EvaluationFigures:
    now = to_micros(story.now) if as_of is None else as_of
    with story.store.looking() as tx:
        return evaluation_figures(tx, to_micros(START), to_micros(START + DAY), now)


@pytest.mark.requirement("E8")
def test_a_doubtful_evaluation_is_counted_both_ways(story: Story):
    story.opens("evaluation", "很好。").then("amy", "assess", tone="positive", timeliness=5)
    story.opens("evaluation", SLOW).then("amy", "assess", **BAD)
    before = to_micros(story.now)
    story.after(minutes=1).then("quin", "dispute", evidence="该电话当日未接通过任何客户。")
    found = figures(story)
    assert (found.received, found.doubtful) == (2, 1)
    assert (found.with_doubtful.tones["negative"], found.without_doubtful.tones["negative"]) == (1, 0)
    assert found.with_doubtful.means["timeliness"] == (2, 60)
    assert found.without_doubtful.means["timeliness"] == (1, 100)
    assert figures(story, before).doubtful == 0, "as it was read before the doubt"
    rows = {name: values for name, *values in figure_rows("zh_CN", found)}
    assert (rows["评价份数"], rows["差评"]) == (["2", "1"], ["1 (50.0 %)", "0 (0.0 %)"])
    story.then("eva", "clear_dispute", evidence="通话记录已找到。")
    assert figures(story).with_doubtful == figures(story).without_doubtful


@pytest.mark.requirement("E8")
def test_what_counts_in_neither_column_is_said(story: Story):
    story.opens("evaluation", SLOW)
    story.opens("evaluation", SLOW).then("amy", "assess", **BAD).then("quin", "withdraw", wish="已道歉,我收回。")
    found = figures(story)
    assert (found.received, found.unassessed, found.withdrawn, found.with_doubtful.count) == (2, 1, 1, 0)
    assert "客户自行撤回的 1 份" in figures_said("zh_CN", found)
