"""A department is one that the store knows, or it is refused, from every door."""

from typing import Any

import pytest

from classifier.keyword_rules import rules
from engine.actors import NewActor, add_actor
from engine.commands.staffing import found_departments
from engine.departments import departments, shipped
from engine.store import Store
from locales.translation import label, locales
from statemachines.form_model import DEPARTMENT, marked
from statemachines.kinds import lifecycles
from statemachines.roles import Role
from tests.case_actions import START, case_of, make_move, new_case, refusal


def known(store: Store) -> frozenset[str]:
    with store.looking() as tx:
        return departments(tx)


def test_a_new_store_knows_the_shipped_departments(store: Store):
    assert known(store) == set(shipped())
    assert {rule.department for rule in rules().category} <= set(shipped()), "a category names another department"


@pytest.mark.parametrize("locale", locales())
def test_each_shipped_department_has_a_name(locale: str):
    assert [code for code in shipped() if label(locale, "", "department", code) == code] == []


@pytest.mark.parametrize("move", ["classify", "assign"])
def test_a_move_to_a_department_that_does_not_exist_is_refused(store: Store, move: str):
    number = new_case(store)
    refused = refusal(lambda: make_move(store, number, move, department="clams"))
    assert refused.code == "unknown_department"
    assert refused.params == {"department": "clams", "known": sorted(shipped())}
    assert (case_of(store, number)["department"], case_of(store, number)["version"]) == (None, 1)


def test_a_department_that_was_added_is_known_at_once(store: Store):
    assert found_departments(store, ["clams", "claims"], "", START) == ["clams"]
    number = new_case(store)
    make_move(store, number, "classify", department="clams")
    assert case_of(store, number)["department"] == "clams"


def test_nobody_is_added_to_a_department_that_does_not_exist(store: Store):
    def add(**more: Any) -> None:
        with store.writing() as tx:
            add_actor(tx, NewActor("new", (Role.AGENT,), **more))

    assert refusal(lambda: add(department="clams")).code == "unknown_department"
    assert refusal(lambda: add(zone="Mars/Olympus")).code == "unknown_zone"
    add(department="claims", zone="Europe/Berlin")


def test_every_department_in_a_form_is_marked_as_one():
    forms = {form for table in lifecycles().values() for form in table.forms.values()}
    named = {(form, name) for form in forms for name in form.model_fields if "department" in name}
    marks = {(form, name) for form in forms for name in marked(form, DEPARTMENT)}
    assert named <= marks
    assert {name for _, name in marks - named} == {"improving", "cosigners"}
