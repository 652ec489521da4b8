"""A category is one of the tree in force, or it is refused with those that are near, from every door (A3)."""

from pathlib import Path

import pytest

from classifier.category_tree import bring_tree, publish_tree
from classifier.keyword_rules import rules
from engine.actors import IMPORT, NewActor, add_actor
from engine.categories import OTHER, categories, shipped
from engine.commands.advance import advance
from engine.commands.advance_many import advance_many
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from locales.translation import label, locales
from statemachines.form_model import BORNE_CATEGORY, CATEGORY, marked
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import Role
from tests.case_actions import AGENT, START, SUPERVISOR, case_of, contact, execute_sql, make_move, new_case, refusal
from tests.classifier.sample_tree import publish_sample_tree, tree_file

pytestmark = pytest.mark.requirement("A3")

OTHER_CATEGORIES = {"Review", "Charge"}
"""The forms whose categories are no matter of the tree: the service of an order, the class of a violation."""


def in_force(store: Store) -> set[str]:
    with store.looking() as tx:
        return set(categories(tx))


def test_a_new_store_knows_the_categories_of_the_shipped_rules_and_other(store: Store):
    codes = {rule.code for rule in rules().category}
    assert set(shipped()) == codes | {OTHER}
    assert in_force(store) == codes | {OTHER, "damage"}


@pytest.mark.parametrize("locale", locales())
def test_each_shipped_category_has_a_name(locale: str):
    assert [code for code in shipped() if label(locale, "", "category", code) == code] == []


@pytest.mark.parametrize("move", ["classify", "reclassify"])
def test_an_unknown_category_is_refused_and_the_near_one_is_named(store: Store, move: str):
    number = new_case(store)
    if move == "reclassify":
        make_move(store, number, "classify", category="loss")
    before = case_of(store, number)
    refused = refusal(lambda: make_move(store, number, move, category="cargo_damge"))
    assert refused.code == "unknown_category"
    assert refused.params["category"] == "cargo_damge"
    assert refused.params["near"][0] == "cargo_damage"
    after = case_of(store, number)
    assert (after["category"], after["version"]) == (before["category"], before["version"])


def test_where_nothing_is_near_the_categories_are_listed(store: Store):
    refused = refusal(lambda: make_move(store, new_case(store), "classify", category="zzzz"))
    assert refused.params["near"] == sorted({*shipped(), "damage"})


def test_an_inquiry_is_not_routed_under_an_unknown_category(store: Store):
    number = open_case(store, Opening(contact(), "consultation"), START).number
    command = Command(number, "classify", {"department": "claims", "category": "trackng"}, actor=AGENT)
    assert refusal(lambda: advance(store, command, START)).params["near"][0] == "tracking"


def test_in_a_group_only_the_unknown_category_is_refused(store: Store):
    numbers = [new_case(store), new_case(store)]
    forms = [{"category": "delay"}, {"category": "delayy"}]
    commands = [
        Command(number, "classify", form, actor=SUPERVISOR) for number, form in zip(numbers, forms, strict=True)
    ]
    answers = advance_many(store, commands, START)
    assert [isinstance(answer, Refused) for answer in answers] == [False, True]
    assert [case_of(store, number)["category"] for number in numbers] == ["delay", None]


def test_the_tree_in_force_decides_and_what_it_lacks_is_retired(store: Store, tmp_path: Path):
    number = new_case(store)
    make_move(store, number, "classify", category="delay")
    publish_sample_tree(store, tmp_path)
    assert refusal(lambda: make_move(store, number, "reclassify", category="delay")).code == "unknown_category"
    make_move(store, number, "reclassify", category="c02_01")
    publish_tree(store, tree_file(tmp_path, "窗口服务,新事,,,,"), "eva")
    refused = refusal(lambda: make_move(store, number, "reclassify", category="c02_01"))
    assert refused.params == {"category": "c02_01", "near": ["c02_03", "c02"]}
    assert case_of(store, number)["category"] == "c02_01", "the case keeps what it was given"


def test_a_tree_that_an_earlier_release_kept_in_its_file_alone_is_put_into_force(store: Store, tmp_path: Path):
    publish_sample_tree(store, tmp_path)
    known = in_force(store)
    execute_sql(store, "DELETE FROM category")
    bring_tree(store)
    assert in_force(store) == known
    assert "c02_01" in known


def test_history_keeps_the_categories_of_the_house_that_it_comes_from(store: Store):
    number = new_case(store)
    advance(store, Command(number, "classify", {"category": "permit_request"}, actor=IMPORT), START)
    assert case_of(store, number)["category"] == "permit_request"


def test_nobody_looks_for_affected_cases_of_a_category_that_no_case_bears(store: Store):
    with store.writing() as tx:
        add_actor(tx, NewActor("ops", (Role.OPERATIONS,), "operations"))
    number = open_case(store, Opening(contact(), "interruption", actor="ops"), START).number
    command = Command(number, "declare", {"what": "-", "since": START, "category": "dely"}, actor="ops")
    assert refusal(lambda: advance(store, command, START)).code == "unknown_category"


def test_every_category_of_a_complaint_or_inquiry_is_marked_as_one():
    forms = {form for table in lifecycles().values() for form in table.forms.values()}
    named = {form for form in forms if "category" in form.model_fields}
    checked = {form for form in forms if marked(form, CATEGORY) or marked(form, BORNE_CATEGORY)}
    assert {form.__name__ for form in named - checked} == OTHER_CATEGORIES
