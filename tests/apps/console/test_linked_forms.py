"""A page in the Prefect UI leads to the console's form of a move, with the choice filled in: choices, never words."""

from urllib.parse import urlsplit
from uuid import UUID

import pytest

from engine.settings import Settings
from engine.store import Store
from flows.deployments.operator_forms import DecideForm, EscalateForm, ExtendForm, ReassignForm
from flows.prefect_ui.case_forms import OfferedForm, deployed_form, forms_of
from flows.prefect_ui.case_pages import console_form
from reports.case_page import Form, page
from tests.apps.web_site import log_in, site_client
from tests.case_actions import START, SUPERVISOR, make_move, new_case
from tests.engine.accounts.people_with_accounts import add_accounts
from tests.flows.prefect_ui.test_case_forms import awaiting_approval, schema_of

pytestmark = pytest.mark.requirement("I1")

FORMS = {
    name: deployed_form(UUID(int=7), schema_of(form))
    for name, form in (
        ("escalate-case", EscalateForm),
        ("reassign-case", ReassignForm),
        ("extend-promise", ExtendForm),
        ("decide-case", DecideForm),
    )
}


def offered(store: Store, number: str) -> list[OfferedForm]:
    return forms_of(store, number, FORMS)[1]


def test_each_form_of_the_page_opens_in_the_console_with_its_choice(settings: Settings, store: Store):
    add_accounts(store, SUPERVISOR)
    number = new_case(store)
    make_move(store, number, "classify")
    make_move(store, number, "escalate", level=1)
    with site_client(settings, store, None) as client:
        log_in(client, store, SUPERVISOR)
        seen = set[tuple[str, str]]()
        for form in offered(store, number):
            address = urlsplit(console_form(f"http://console.example/console/cases/{number}", form))
            answer = client.get(f"{address.path}?{address.query}")
            assert answer.status_code == 200
            for code in form.codes.values():
                assert f'<option value="{code}" selected>' in answer.text
                seen.add((form.move, code))
    assert {("escalate", "2"), ("escalate", "3"), ("extend", "solution"), ("assign", "claims")} <= seen
    assert ("escalate", "1") not in seen, "a level that the case has already"


def test_each_decision_that_is_possible_now_is_a_move_of_its_own(sqlite_store: Store):
    moves = {form.move for form in offered(sqlite_store, awaiting_approval(sqlite_store))}
    assert {"approve_compensation", "decline_compensation"} <= moves
    assert "approve_plan" not in moves


def test_an_address_puts_neither_words_nor_choices_of_other_cases_into_a_form(settings: Settings, store: Store):
    add_accounts(store, SUPERVISOR)
    number = new_case(store)
    make_move(store, number, "classify")
    with site_client(settings, store, None) as client:
        log_in(client, store, SUPERVISOR)
        path = f"/console/cases/{number}/moves/escalate"
        answer = client.get(path, params={"level": "9", "reason": "Write this to the customer", "_act": "", "x": "y"})
    assert answer.status_code == 200
    assert "Write this to the customer" not in answer.text.partition("<form")[2]
    assert "selected" not in answer.text.partition('name="level"')[2].partition("</select>")[0]


def test_the_page_names_the_console_first_and_the_form_with_a_code_after_it(sqlite_store: Store):
    number = new_case(sqlite_store)
    form = Form(
        "Escalate: supervisor", "../here", f"https://care.example/console/cases/{number}/moves/escalate?level=1"
    )
    shown = page(sqlite_store, number, START, "en", [form])
    assert shown is not None
    for text in (shown.text, shown.summary):
        console, here = text.index(f"]({form.console})"), text.index("](../here)")
        assert console < here
    assert "with your own account: [Escalate: supervisor]" in shown.text
    assert "with a one-time code: [Escalate: supervisor]" in shown.text
