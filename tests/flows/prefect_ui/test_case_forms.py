"""The page of a case offers the forms that its lifecycle allows now, filled in with what the form itself offers."""

from typing import Any
from uuid import UUID

import pytest

from engine.store import Store
from flows.deployments.operator_forms import DecideForm, EscalateForm, ExtendForm, ReassignForm
from flows.prefect_ui.case_forms import DeployedForm, deployed_form, forms_of
from tests.case_actions import HANDLER, SUPERVISOR, make_move, new_case, new_resolved_case

ID = UUID(int=7)


def schema_of(form: Any) -> dict[str, Any]:
    """The schema of a deployment's parameters, as Prefect keeps it."""
    return {
        "properties": {"act": {"$ref": f"#/definitions/{form.__name__}"}},
        "definitions": {form.__name__: form.model_json_schema()},
    }


@pytest.fixture(scope="module")
def deployed() -> dict[str, DeployedForm]:
    forms = {
        "escalate-case": EscalateForm,
        "reassign-case": ReassignForm,
        "extend-promise": ExtendForm,
        "decide-case": DecideForm,
    }
    return {name: deployed_form(ID, schema_of(form)) for name, form in forms.items()} | {
        "show-case": DeployedForm(ID, frozenset({"case"}), {})
    }


def offered(store: Store, number: str, deployed: dict[str, DeployedForm]) -> dict[str, dict[str, Any]]:
    return {name: fields for name, _, fields in forms_of(store, number, deployed)}


def test_an_open_case_is_raised_by_one_level_and_its_promise_extended(
    sqlite_store: Store, deployed: dict[str, DeployedForm]
):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "escalate", level=1)
    forms = offered(sqlite_store, number, deployed)
    assert forms["escalate-case"]["case"] == number
    assert forms["escalate-case"]["level"].endswith(" · 2"), "the text that the form offers, not the code"
    assert forms["reassign-case"] == {"case": number, "department": "claims"}
    assert forms["extend-promise"]["clause"].rpartition(" · ")[2] in {"first_reply", "solution"}
    assert forms["show-case"] == {"case": number}


def test_every_field_that_is_filled_in_is_accepted_by_the_form(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    forms = offered(sqlite_store, number, deployed)
    more: dict[str, Any] = {"acting_as": SUPERVISOR}
    assert EscalateForm(**forms["escalate-case"], **more, reason="no_progress").level == "1"
    assert ExtendForm(**forms["extend-promise"], **more, hours=1, reason="third_party").case == number


def test_at_the_top_level_nobody_is_above(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "escalate", level=3)
    assert "escalate-case" not in offered(sqlite_store, number, deployed)


def test_what_awaits_a_decision_can_be_decided(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_case(sqlite_store)
    for move, by in (("classify", ""), ("investigate", ""), ("determine_responsibility", HANDLER)):
        make_move(sqlite_store, number, move, by=by)
    make_move(sqlite_store, number, "confirm_responsibility")
    make_move(sqlite_store, number, "compensate", by=HANDLER, compensation=900_000)
    assert "decide-case" in offered(sqlite_store, number, deployed)


def test_a_closed_case_can_only_be_looked_at(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "withdraw")
    assert list(offered(sqlite_store, number, deployed)) == ["show-case"]


def test_a_form_that_is_not_deployed_is_not_offered(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_resolved_case(sqlite_store)
    assert offered(sqlite_store, number, {}) == {}
    assert list(offered(sqlite_store, number, {"show-case": deployed["show-case"]})) == ["show-case"]
    assert offered(sqlite_store, "cp-26-999999", deployed) == {}


def test_a_department_is_filled_in_by_the_text_of_the_choice_if_the_form_has_choices(sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    form = DeployedForm(ID, frozenset({"case", "department"}), {"department": {"claims": "理赔部 · Claims · claims"}})
    assert offered(sqlite_store, number, {"reassign-case": form})["reassign-case"]["department"].endswith("· claims")
