"""Every kind of case lives a whole life under every shipped pack, also where the pack sets no limit.

``make test`` takes each kind under one pack, the packs in turn; ``make test-long`` takes all of them.
"""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from engine.rules.policy import names, pack
from engine.rules.unset_limits import needs_limit
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.roles import Role
from tests.case_actions import history_of, query_rows
from tests.editions import publishes
from tests.stories.story import Story
from tests.stories.walker import Walker

LODGED_BY_A_CASE = "appeal"
"""The kind that only another case opens: a decision must be there that is disputed."""
NATURES = sorted(
    {nature for table in lifecycles().values() for nature in table.natures or (table.kind,)} - {LODGED_BY_A_CASE}
)
every_pack = pytest.mark.parametrize("rules", names())


def under_every_pack(cases: Sequence[tuple[str, ...]]) -> list[Any]:
    """Return each case with each pack; all but one pack of a case are long, another one for each case."""
    return [
        pytest.param(*case, rules, marks=[pytest.mark.long] if (nth + turn) % len(names()) else [])
        for nth, case in enumerate(cases)
        for turn, rules in enumerate(names())
    ]


STARTED_BY_A_PACK = [
    (kind, move)
    for kind, table in lifecycles().items()
    for clause in table.clauses
    if clause.due_field and needs_limit(table, clause)
    for move in clause.started_by
    if any(set(row.roles) != {Role.SYSTEM} for row in table.rows[move])
]
"""The moves of people after which a limit of the pack runs where their form agrees on no date."""


def archived(kind: str) -> str:
    """Return the state in which a whole life of that kind ends, which is no refusal, withdrawal or merger."""
    table = lifecycle_of(kind)
    [state] = {row.dest for row in table.rows.get("archive") or table.rows["finish"]}
    assert state is not None
    return state


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(("nature", "rules"), under_every_pack([(nature,) for nature in NATURES]))
def test_a_case_of_every_kind_lives_a_whole_life(story: Story, nature: str, rules: str):
    story.opens(nature, pack=rules, customer="Wu", email="wu@example.com")
    Walker(story).walk_to(archived(nature))
    assert story.state == archived(nature)
    opening = json.loads(history_of(story.store, story.number)[0]["form"])
    blank = {name for name, limit in pack(rules).clauses.items() if limit.blank}
    clauses = {clause.name: clause for clause in lifecycle_of(nature).clauses if clause.name in blank}
    waited_for = {name for name, clause in clauses.items() if clause.then or not (clause.internal or clause.due_field)}
    assert set(opening.get("unset_limits", "").split()) == waited_for
    assert not {timer["clause"] for timer in timers_of(story)} & blank, "no timer runs on a limit that is not set"


@pytest.mark.requirement("C2")
@pytest.mark.parametrize(("kind", "move", "rules"), under_every_pack(STARTED_BY_A_PACK))
def test_no_move_is_refused_because_its_form_agrees_on_no_date(story: Story, kind: str, move: str, rules: str):
    publishes(story.store, "rounds", pack=rules, rectifications=1)  # no pack bounds them: nobody would be out of rounds
    story.opens(kind, pack=rules)
    table = lifecycle_of(kind)
    walker = Walker(story).walk_to(*{source for row in table.rows[move] for source in row.sources})
    assert walker.make(move), f"{move} is refused in {story.state}"


@pytest.mark.requirement("D2")
@every_pack
def test_a_callback_leads_to_a_lead_and_to_a_complaint(story: Story, rules: str):
    story.opens("complaint", pack=rules, customer="Wu", email="wu@example.com")
    walker = Walker(story).walk_to("resolved")
    assert walker.make("revisit", outcome="satisfied", need="Two lorries a week to Wuhan.")
    lead = story.child("inquiry")
    story.opens("order", pack=rules, customer="Li", email="li@example.com")
    walker = Walker(story).walk_to("resolved")
    assert walker.make("revisit", outcome="dissatisfied", words="The crane came late.")
    complaint = story.child("complaint")
    for number in (lead, complaint):
        [case] = query_rows(story.store, "SELECT pack FROM cases WHERE number = :number", number=number)
        assert case["pack"] == rules
    story.on(complaint)
    Walker(story).walk_to("archived")


def timers_of(story: Story) -> list[dict[str, object]]:
    sql = "SELECT k.clause FROM timer k JOIN cases c ON c.id = k.case_id WHERE c.number = :number"
    return query_rows(story.store, sql, number=story.number)


@pytest.mark.requirement("E4")
@every_pack
def test_an_appeal_lives_a_whole_life_and_so_does_the_case_that_it_disputes(story: Story, rules: str):
    story.opens("report", pack=rules)
    violation = story.number
    walker = Walker(story).walk_to("investigating")
    assert walker.make("name_accused", accused="hal")
    assert walker.walk_to("announced").make("appeal")
    story.on(story.child(LODGED_BY_A_CASE))
    Walker(story).walk_to("archived")
    story.on(violation)
    Walker(story).walk_to("archived")
