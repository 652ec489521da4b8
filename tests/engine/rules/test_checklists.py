"""Checklists of conduct are versioned data by channel: weights of 100, three languages, published by the group (F5)."""

from datetime import timedelta

import pytest

from engine.rules.checklists import ConductChannel, checklists, parsed_checklist
from engine.rules.drafts import approve_draft, draft_of, save_draft, start_draft, submit_draft
from engine.rules.in_force import SHIPPED, Sort, rules_of
from engine.rules.publishing import publish
from engine.store import Store
from locales.translation import locales
from locales.zone import SHANGHAI
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, START, refusal
from tests.engine.access.people import principal
from tests.engine.rules.sample_rules import CHECKLIST, EVA, add_evaluator

pytestmark = pytest.mark.requirement("F5")

CALLS = CHECKLIST.replace('name = "test"', 'name = "phone"').replace('version = "1"', 'version = "2"')
"""Another checklist for telephone calls."""


def test_each_channel_has_a_shipped_checklist_with_language_and_manner():
    for channel in ConductChannel:
        checklist = SHIPPED.checklist_for(channel, 0)
        assert sum(item.weight for item in checklist.items) == 100
        sources = " ".join(item.source for item in checklist.items)
        assert "F5, language" in sources
        assert "F5, manner" in sources
        assert all(set(item.text) == set(locales()) for item in checklist.items)


def test_appearance_is_looked_at_where_it_can_be_seen():
    of = {
        name: [item.code for item in each.items if "appearance" in item.source] for name, each in checklists().items()
    }
    assert of == {"chat": [], "counter": ["appearance"], "mail": [], "phone": []}


FAULTS: dict[str, tuple[str, str, str]] = {
    "no item": (CHECKLIST[CHECKLIST.index("[[") :], "items = []", "items"),
    "weights that add up to less": ("weight = 60", "weight = 59", "items"),
    "a weight of zero": ("weight = 60", "weight = 0", "items.1.weight"),
    "an unknown channel": ('["phone"]', '["phone", "telegraph"]', "channels"),
    "no channel": ('["phone"]', "[]", "channels"),
    "an item twice": ('code = "closing"', 'code = "greeting"', "items.1.code"),
    "an item without a source": ('source = "F5, manner"\n', "", "items.1.source"),
    "a missing language": (', en = "Greets?"', "", "items.0.text.en"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_checklist_is_refused_with_field_reason_and_remedy(fault: str):
    old, new, field = FAULTS[fault]
    assert old in CHECKLIST
    refused = refusal(lambda: parsed_checklist(CHECKLIST.replace(old, new, 1), "calls.toml"))
    assert (refused.code, refused.params["file"]) == ("bad_checklist", "calls.toml")
    assert [each["field"] for each in refused.params["faults"]] == [field]
    assert all(each["why"] for each in refused.params["faults"])


def test_a_published_checklist_holds_from_its_day_on(store: Store):
    add_evaluator(store)
    publish(store, Sort.CHECKLIST, CALLS, EVA, START, START + DAY, "decision 9", "phone.toml")
    rules = rules_of(store)
    versions = [rules.checklist_for("phone", to_micros(START + after)).version for after in (timedelta(), DAY)]
    assert versions == [checklists()["phone"].version, "2"]


def test_a_channel_has_one_checklist(store: Store):
    add_evaluator(store)
    refused = refusal(lambda: publish(store, Sort.CHECKLIST, CHECKLIST, EVA, START, START, "decision 9", "test.toml"))
    [fault] = refused.params["faults"]
    assert (refused.code, fault["field"], fault["limits"]["other"]) == ("bad_checklist", "channels", "phone")


def test_nobody_else_publishes_a_checklist(store: Store):
    assert refusal(lambda: publish(store, Sort.CHECKLIST, CALLS, AGENT, START, START, "why", "f")).code == (
        "not_evaluation_group"
    )


def test_a_checklist_is_drafted_by_one_and_approved_by_another(store: Store):
    add_evaluator(store)
    second = principal(store, Role.EVALUATION_GROUP, "ewa").actor.handle
    draft_id = start_draft(store, Sort.CHECKLIST, "phone", EVA, START)
    save_draft(store, draft_id, 1, CALLS, EVA, START)
    submit_draft(store, draft_id, 2, EVA, START, "decision 9", None, SHANGHAI.zone)
    approve_draft(store, draft_id, 3, second, START)
    with store.looking() as tx:
        assert draft_of(tx, draft_id).status == "approved"
    assert rules_of(store).checklist("phone", to_micros(START)).version == "2"
