"""The report of a quarter is the same when it is drawn again later: nothing that was recorded since is in it (E2)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.surveys.call_off import call_off
from models.paper import PaperSection
from reports.indicators.periods import period_of
from reports.period_report import gather
from reports.period_report_text import period_paper
from tests.case_actions import query_rows
from tests.engine.surveys.surveyed_customers import planner
from tests.stories.story import Story
from tests.stories.test_survey_invitation_story import INVITATIONS, face_to_face, inquiries
from tests.stories.test_third_party_evaluation_story import orders, scored

pytestmark = [pytest.mark.requirement("E1"), pytest.mark.requirement("E2")]


def sections(story: Story, as_of: datetime, period: str = "2026-Q2") -> list[PaperSection]:
    return list(period_paper(gather(story.store, period_of(period), as_of), "en").sections)


def answers(story: Story, number: str, **form: Any) -> None:
    story.on(number).then("mak", "revisit", **form)


def test_answers_scores_findings_and_an_end_of_a_survey_that_came_later_change_nothing(story: Story):
    inquiries(story, "wu", "li", "ma", pack="logistics")
    orders(story)
    face_to_face(story)
    numbers = [row["number"] for row in query_rows(story.store, INVITATIONS)]
    answers(story, numbers[0], outcome="satisfied", timeliness=5)
    scored(story, "claims:on_time_share:6250", period="2026-Q2")
    evaluation, as_of = story.number, story.now
    first = sections(story, as_of)
    assert any("Survey 1" in section.heading for section in first)
    assert any("62.50" in str(row) for section in first if section.table for row in section.table.rows)
    story.after(hours=1)
    answers(story, numbers[1], outcome="dissatisfied", timeliness=1)
    call_off(story.store, planner(story.store, "eve"), 1, "Asked twice.", story.now)
    corrected = {"assessor": "某某测评公司", "announcement": "planned", "period": "2026-Q2"}
    story.on(evaluation).then("mak", "record_scores", scores="claims:on_time_share:9500", **corrected)
    story.after(days=30)
    assert sections(story, as_of) == first
    later = sections(story, story.now)
    assert later != first
    assert "Asked twice." in str(later)
    assert "95.00" in str(later)


def test_what_was_not_recorded_yet_is_not_in_it(story: Story):
    inquiries(story, "wu", pack="logistics")
    face_to_face(story)
    before = story.now - timedelta(days=2)
    assert "Survey 1" not in str(sections(story, before))
    assert "Survey 1" in str(sections(story, story.now))
