"""The pages call things by words, in each language: fields, scopes, events, rules, what changed of a person."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

import apps.console
import apps.portal
from engine.access.principal import Scope
from engine.accounts.tokens import tokens
from engine.settings import Settings
from engine.store import Store
from engine.webhooks.event_names import SUBSCRIBABLE
from locales.translation import catalogue, label
from statemachines.form_model import Form
from tests.apps.web_site import LANGUAGE_TAGS, log_in, site_client
from tests.case_actions import AGENT, AUDITOR, HANDLER, make_move, new_case
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = pytest.mark.requirement("H3")


@pytest.fixture
def client(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    add_accounts(sqlite_store, AGENT, HANDLER, AUDITOR)
    with site_client(sqlite_settings, sqlite_store, None) as opened:
        yield opened


def forms_of_pages() -> list[type[Form]]:
    """Return the forms that the pages themselves bring; those of moves have a test of their own."""
    for room in (apps.console, apps.portal):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)
    return [form for form in every_subclass(Form) if form.__module__.startswith(("apps.console.", "apps.portal."))]


def every_subclass(form: type[Form]) -> Iterator[type[Form]]:
    for each in form.__subclasses__():
        yield each
        yield from every_subclass(each)


@pytest.mark.parametrize("locale", LANGUAGE_TAGS)
def test_each_field_of_the_forms_of_the_pages_has_a_label(locale: str):
    names = {(form.__name__, name) for form in forms_of_pages() for name in form.model_fields}
    assert len(names) > 20
    known = catalogue(locale)
    sorts = ("field", "known", "contact.field")
    assert [each for each in sorted(names) if not any(f"{sort}.{each[1]}" in known for sort in sorts)] == []


@pytest.mark.parametrize("locale", LANGUAGE_TAGS)
def test_each_scope_and_each_event_says_what_it_means(locale: str):
    assert [code for code in Scope if label(locale, "", "scope", code.value) == code.value] == []
    assert [code for code in SUBSCRIBABLE if label(locale, "", "event", code.value) == code.value] == []


def test_a_token_is_given_several_scopes_and_a_subscription_several_events(client: TestClient, sqlite_store: Store):
    csrf = log_in(client, sqlite_store, ADMIN)
    for page, field, codes in (
        ("tokens", "scopes", [scope.value for scope in Scope]),
        ("webhooks", "events", [event.value for event in SUBSCRIBABLE]),
    ):
        boxes = re.findall(rf'type="checkbox" name="{field}" value="([^"]+)"', client.get(f"/console/{page}").text)
        assert boxes == codes
    form = {"_csrf": csrf, "handle": AGENT, "days": "30", "scopes": ["cases:read", "reports:read"]}
    assert client.post("/console/tokens", data=form).status_code == 200
    with sqlite_store.looking() as tx:
        assert [set(row.scopes or ()) for row in tokens(tx)] == [{Scope.READ_CASES, Scope.READ_REPORTS}]


def test_only_who_takes_contacts_is_offered_to_take_one(client: TestClient, sqlite_store: Store):
    for handle, offered in ((AGENT, True), (HANDLER, False), (AUDITOR, False)):
        log_in(client, sqlite_store, handle)
        assert ('href="/console/cases/new"' in client.get("/console/cases").text) is offered, handle
        assert (client.get("/console/cases/new").status_code == 200) is offered, handle


def test_rules_are_called_by_their_labels_beside_their_names(client: TestClient, sqlite_store: Store):
    log_in(client, sqlite_store, AUDITOR)
    page = client.get("/console/rules").text
    for sort, name, called in (
        ("pack", "logistics", "Logistics"),
        ("checklist", "phone", "telephone"),
        ("indicator", "time_to_close", "Time to close, median"),
        ("survey", "after_complaint", "Complaint"),
    ):
        assert f'/rules/{sort}/{name}">{called}</a> <span class="quiet">{name}</span>' in page, name
    assert "<h1>Indicator Time to close, median</h1>" in client.get("/console/rules/indicator/time_to_close").text


def test_what_changed_of_a_person_his_absence_too_is_shown_in_words(client: TestClient, sqlite_store: Store):
    csrf = log_in(client, sqlite_store, ADMIN)
    away = {"absent_from": "2026-03-03T09:00", "absent_until": "2026-03-05T18:00", "deputy": HANDLER}
    change = {"_csrf": csrf, "roles": "handler", "department": "claims", "locale": "zh_TW", **away}
    answer = client.post(f"/console/people/{AGENT}", data=change)
    assert answer.status_code == 303, re.findall(r'class="(?:error|notice bad)[^>]*>([^<]+)', answer.text)
    page = client.get(f"/console/people/{AGENT}").text
    assert f'value="{away["absent_from"]}"' in page
    assert f'value="{away["absent_until"]}"' in page
    changes = page.rpartition("<tbody>")[2].partition("</table>")[0]
    for words in ("繁體中文", "Handler", "2026-03-03 09:00", "2026-03-05 18:00", HANDLER):
        assert f">{words}</td>" in changes, words
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.sub(r'datetime="[^"]*"', "", changes)) is None


def test_a_cause_is_chosen_by_its_label_and_one_that_the_house_uses_besides_is_kept(
    client: TestClient, sqlite_store: Store
):
    number = new_case(sqlite_store)
    make_move(sqlite_store, number, "classify")
    make_move(sqlite_store, number, "investigate", cause="moisture")
    log_in(client, sqlite_store, HANDLER)
    page = client.get(f"/console/cases/{number}/moves/determine_responsibility").text
    causes = re.findall(
        r'<option value="(\w+)">([^<]+)', page.partition('id="field-cause"')[2].partition("</select>")[0]
    )
    assert dict(causes) == {code: label("en", "", "cause", code) for code, _ in causes}
    assert {"packaging", "other", "unknown", "moisture"} <= dict(causes).keys()
    assert '<option value="subcontractor">' in page.partition('id="field-responsible"')[2]


def test_why_a_message_did_not_arrive_is_no_cause_of_a_complaint(client: TestClient, sqlite_store: Store):
    number = new_case(sqlite_store, email="wang@example.com")
    log_in(client, sqlite_store, AGENT)
    page = client.get(f"/console/cases/{number}/moves/message_undelivered").text
    assert '<input type="text" id="field-cause"' in page
