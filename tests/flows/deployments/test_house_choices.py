"""The forms of acts offer the departments of this house and the people who are there, and accept what they offer."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.actors import NewActor, add_actor
from engine.commands.leaving import disable
from engine.commands.staffing import change_actor, found_departments
from engine.store import Store
from flows.deployments.house_choices import MOST_PEOPLE, HouseChoices, house_choices, with_choices
from flows.deployments.operator_forms import DecideForm, ReassignForm
from statemachines.roles import Role
from tests.case_actions import AGENT, AUDITOR, DIRECTOR, HANDLER, MANAGER, START, SUPERVISOR

ENTRIES = {"acting_as": SUPERVISOR, "case": "cp-26-000001", "reason": "workload"}


def fields(form: type[Any], house: HouseChoices) -> dict[str, Any]:
    schema = {"definitions": {form.__name__: form.model_json_schema()}}
    return with_choices(schema, house)["definitions"][form.__name__]["properties"]


def test_the_house_is_its_departments_and_the_people_who_can_act_now(store: Store):
    with store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,)))
    found_departments(store, ["customs"], "ada", START)
    change_actor(store, AGENT, {"absent_from": START}, "ada", START)
    disable(store, MANAGER, "ada", START)
    house = house_choices(store)
    assert house.people == ("ada", DIRECTOR, HANDLER, AUDITOR, SUPERVISOR)
    assert "customs" in house.departments


def test_a_field_that_must_be_filled_in_offers_no_blank_and_another_does():
    house = HouseChoices(("claims", "customs"), ("han", "sue"))
    reassign = fields(ReassignForm, house)
    assert reassign["department"]["enum"] == ["理赔部 · Claims · claims", "customs · customs · customs"]
    assert reassign["acting_as"]["enum"] == ["han", "sue"]
    assert reassign["owner"]["enum"] == ["", "han", "sue"]
    assert fields(DecideForm, house)["department"]["enum"][0] == ""


def test_the_choices_follow_the_house():
    form = {"definitions": {"ReassignForm": ReassignForm.model_json_schema()}}
    first = with_choices(form, HouseChoices(("claims",), ("han",)))
    second = with_choices(first, HouseChoices(("billing",), ("sue",)))
    assert second == with_choices(form, HouseChoices(("billing",), ("sue",)))
    assert "enum" not in form["definitions"]["ReassignForm"]["properties"]["owner"], "the form itself is left alone"


def test_with_too_many_people_handles_are_entered():
    house = HouseChoices(("claims",), tuple(f"h{n}" for n in range(MOST_PEOPLE + 1)))
    assert "enum" not in fields(ReassignForm, house)["owner"]


@pytest.mark.parametrize("entered", ["理赔部 · Claims · claims", "claims"])
def test_a_form_takes_a_department_as_it_is_offered_and_by_its_code(entered: str):
    assert ReassignForm(**ENTRIES, department=entered).department == "claims"


def test_a_form_still_takes_no_words_for_a_department():
    with pytest.raises(ValidationError):
        ReassignForm(**ENTRIES, department="He is angry.")
