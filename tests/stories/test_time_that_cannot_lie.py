"""Stories of time: what happens exactly at a limit, what is dated in the future, and what stale data are worth."""

import json

import pytest

from tests.stories.story import Story
from tests.stories.test_service_order_story import executing

WHERE = {"position": "hefei", "reported_by": "transport_system"}


@pytest.mark.requirement("A5")
def test_whoever_replies_exactly_at_the_limit_has_kept_it(story: Story):
    """Within two hours (以内) includes the last instant: the driver breaks nothing then, and the reply meets it."""
    story.opens("complaint").until("2026-03-02T11:00+08:00")
    assert story.steps("first_reply") == [75]
    story.then("sue", "reply", message="We are looking for it.")
    story.after(hours=6)
    assert (story.outcome("first_reply"), story.steps("first_reply"), story.level) == ("met", [75], 0)


@pytest.mark.requirement("A5")
def test_a_limit_that_nobody_kept_is_broken_as_soon_as_it_has_passed(story: Story):
    story.opens("complaint").until("2026-03-02T11:00:01+08:00")
    assert (story.steps("first_reply"), story.level) == ([75, 100], 1)


@pytest.mark.requirement("C8")
def test_where_the_goods_will_be_is_no_position(story: Story):
    executing(story).after(hours=1)
    refused = story.refused("hal", "report_position", as_of="2026-03-02T10:00:00.000001+08:00", **WHERE)
    assert (refused.code, refused.params["field"]) == ("not_yet", "as_of")
    story.then("hal", "report_position", as_of="2026-03-02T10:00:00+08:00", **WHERE)
    assert json.loads(story.variables)["as_of"] == "2026-03-02T02:00:00.000000Z"


@pytest.mark.requirement("C8")
def test_where_the_goods_were_the_day_before_yesterday_answers_no_tracking_request(story: Story):
    """The pack calls a position stale after 24 hours."""
    executing(story).after(days=3)
    story.then("amy", "request_tracking", department="delivery", due_at="2026-03-05T18:00:00+08:00")
    story.then("hal", "report_position", as_of="2026-03-04T08:59:00+08:00", **WHERE)
    assert story.outcome("tracking") is None
    story.then("hal", "report_position", as_of="2026-03-04T09:01:00+08:00", **WHERE)
    assert story.outcome("tracking") == "met"


@pytest.mark.requirement("G1")
def test_an_interruption_neither_begins_nor_ends_in_the_future(story: Story):
    story.opens("interruption", by="ops")
    declared = {"what": "Fog.", "department": "delivery"}
    refused = story.refused("ops", "declare", since="2026-03-02T09:00:01+08:00", **declared)
    assert (refused.code, refused.params["field"]) == ("not_yet", "since")
    story.then("ops", "declare", since="2026-03-02T09:00:00+08:00", **declared)
    story.then("mei", "start_plan", contingency="fog", plan="Wait.")
    refused = story.refused("ops", "restore", restored_at="2026-03-02T10:00:00+08:00", how="The fog lifted.")
    assert (refused.code, refused.params["field"]) == ("not_yet", "restored_at")
