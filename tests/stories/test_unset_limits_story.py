"""A limit that the rules leave blank is named when a case opens, and the work goes on without it."""

import json

import pytest

from apps import views
from engine.rules.policy import pack
from tests.case_actions import SUPERVISOR, history_of, query_rows
from tests.stories.story import Story
from tests.stories.walker import Walker

pytestmark = pytest.mark.requirement("A5")

MAILED = "SELECT key, recipient FROM mail WHERE substr(key, 1, 13) = 'unset_limits:' ORDER BY key"
SUBJECT = "时限规则包“general”有时限未设定：客诉"


def test_a_case_opens_although_every_limit_is_blank_and_names_them(story: Story):
    story.opens("complaint", pack="general")
    opening = json.loads(history_of(story.store, story.number)[0]["form"])
    assert opening["unset_limits"].split() == ["first_reply", "solution", "revisit"]
    assert views.unset_at_opening(story.store, story.number) == ["first_reply", "solution", "revisit"]
    assert query_rows(story.store, "SELECT clause FROM timer") == []


def test_the_supervisor_is_told_once_a_day_for_each_kind(story: Story):
    for _ in range(3):
        story.opens("complaint", pack="general")
    assert story.mails("sue@example.com").count(SUBJECT) == 1
    story.opens("inquiry", pack="general")
    own = [row["key"] for row in query_rows(story.store, MAILED) if row["recipient"] == SUPERVISOR]
    assert len(own) == 2, "another kind has limits of its own"
    story.after(days=1).opens("complaint", pack="general")
    assert story.mails("sue@example.com").count(SUBJECT) == 2


def test_a_pack_that_sets_what_customers_wait_for_tells_nobody(story: Story):
    story.opens("complaint", pack="haulage")
    assert "unset_limits" not in json.loads(history_of(story.store, story.number)[0]["form"])
    story.opens("complaint", pack="logistics")
    assert views.unset_at_opening(story.store, story.number) == []
    assert query_rows(story.store, MAILED) == []
    story.then("sue", "classify", category="damage", severity="high", department="claims")
    assert views.timers(story.store, story.number).unset == ["department_limit"], "it is marked where it would run"


def test_the_clause_is_marked_where_its_timer_would_run(story: Story):
    story.opens("complaint", pack="general")
    assert views.timers(story.store, story.number).unset == ["first_reply", "solution"]
    story.then("sue", "classify", category="damage", severity="urgent", department="claims")
    story.then("han", "investigate", findings="It fell.").then("han", "resolve", result="Paid.")
    assert views.timers(story.store, story.number).unset == ["first_reply", "solution", "revisit"], (
        "he heard nothing yet"
    )
    story.then("quin", "revisit", outcome="satisfied")
    assert views.timers(story.store, story.number).unset == []


def test_an_override_that_is_blank_leaves_the_timer_on_the_limit_it_has(story: Story):
    """The promise made first goes on; that an urgent case has no limit of its own is named."""
    story.promises(first_reply={"amount": 2, "unit": "hours", "when": [{"severity": "urgent"}]})
    story.opens("complaint")
    story.then("sue", "classify", category="damage", severity="urgent", department="claims")
    [timer] = story.timers("first_reply")
    assert (timer["amount"], timer["outcome"]) == (2, None)
    assert story.state == "classified"


def test_an_unpromised_clause_is_not_marked(story: Story):
    story.opens("complaint", pack="haulage")
    assert {"first_reply", "solution"} <= pack("haulage").unpromised.keys()
    assert views.timers(story.store, story.number).unset == []


def test_hr_ends_the_time_to_appeal_only_where_the_rules_set_none(story: Story):
    story.opens("report", pack="general")
    Walker(story).walk_to("announced")
    assert story.timers("appeal_window") == []
    story.then("hera", "end_appeals", reason="The code sets no time, and nobody came.")
    assert story.state == "settled"
    story.opens("report", pack="logistics")
    Walker(story).walk_to("announced")
    refused = story.refused("hera", "end_appeals", reason="Quickly.")
    assert (refused.code, refused.params["guards"]) == ("guard", ["no_window"])
