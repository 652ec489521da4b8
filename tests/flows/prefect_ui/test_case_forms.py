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
    """Return the first form of each name, by its name: the fields that are filled in."""
    _, forms = forms_of(store, number, deployed)
    return {form.name: dict(form.fields) for form in reversed(forms)}


def choices(store: Store, number: str, deployed: dict[str, DeployedForm], name: str) -> list[str]:
    """Return the codes of the choices for which there is a form of this name."""
    _, forms = forms_of(store, number, deployed)
    return [form.choice[1] for form in forms if form.name == name and form.choice is not None]


def awaiting_approval(store: Store) -> str:
    number = new_case(store)
    for move, by in (("classify", ""), ("investigate", ""), ("determine_responsibility", HANDLER)):
        make_move(store, number, move, by=by)
    make_move(store, number, "confirm_responsibility")
    make_move(store, number, "compensate", by=HANDLER, compensation=900_000)
    return number


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


def test_there_is_a_form_for_each_decision_that_is_possible_now_and_for_no_other(
    sqlite_store: Store, deployed: dict[str, DeployedForm]
):
    number = awaiting_approval(sqlite_store)
    decisions = choices(sqlite_store, number, deployed, "decide-case")
    assert {"approve_compensation", "decline_compensation"} <= {*decisions}
    assert not {"approve_plan", "rule_on_owner", "close"} & {*decisions}, "not in this state, or of another kind"
    assert len(deployed["decide-case"].choices["move"]) > len(decisions), "the form itself offers every decision"


def test_a_decision_that_needs_a_reason_leaves_it_to_be_chosen(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = awaiting_approval(sqlite_store)
    _, forms = forms_of(sqlite_store, number, deployed)
    by_move = {form.choice[1]: form.fields for form in forms if form.name == "decide-case" and form.choice}
    assert by_move["decline_compensation"]["reason"] == "", "the default would say that none is needed"
    assert "reason" not in by_move["approve_compensation"]


def test_there_is_a_form_for_each_level_above_and_for_each_promise_that_runs(
    sqlite_store: Store, deployed: dict[str, DeployedForm]
):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    assert choices(sqlite_store, number, deployed, "escalate-case") == ["1", "2", "3"]
    make_move(sqlite_store, number, "escalate", level=2)
    assert choices(sqlite_store, number, deployed, "escalate-case") == ["3"]
    promises = choices(sqlite_store, number, deployed, "extend-promise")
    assert "first_reply" in promises
    make_move(sqlite_store, number, "reply", message="We are looking.")
    assert "first_reply" not in choices(sqlite_store, number, deployed, "extend-promise"), "it was kept"


def test_a_closed_case_can_only_be_looked_at(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "withdraw")
    assert list(offered(sqlite_store, number, deployed)) == ["show-case"]


def test_a_form_that_is_not_deployed_is_not_offered(sqlite_store: Store, deployed: dict[str, DeployedForm]):
    number = new_resolved_case(sqlite_store)
    assert offered(sqlite_store, number, {}) == {}
    assert list(offered(sqlite_store, number, {"show-case": deployed["show-case"]})) == ["show-case"]
    assert forms_of(sqlite_store, "cp-26-999999", deployed) == ("", [])


def test_a_department_is_filled_in_by_the_text_of_the_choice_if_the_form_has_choices(sqlite_store: Store):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    form = DeployedForm(ID, frozenset({"case", "department"}), {"department": {"claims": "理赔部 · Claims · claims"}})
    assert offered(sqlite_store, number, {"reassign-case": form})["reassign-case"]["department"].endswith("· claims")
