"""The page of matters of the staff: what is opened there, and who sees whose trainings (E5, E6, J1, J2)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, HANDLER, START, SUPERVISOR, query_rows
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("E5"), pytest.mark.requirement("J2"), pytest.mark.any_database]

PAGE = "/console/staff-matters"
MATTER = {"kind": "training", "pack": "logistics", "text": "A course for han."}


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    add_accounts(store, AGENT, HANDLER, SUPERVISOR)
    with site_client(settings, store, None) as opened:
        yield opened


def sent(client: TestClient, store: Store, by: str, **fields: str) -> Response:
    return client.post(PAGE, data={"_csrf": log_in(client, store, by), **fields})


def test_a_supervisor_opens_a_training_and_its_first_step_asks_for_the_trainee(client: TestClient, store: Store):
    opened = sent(client, store, SUPERVISOR, **MATTER)
    [case] = query_rows(store, "SELECT number FROM cases WHERE kind = 'training'")
    assert (opened.status_code, opened.headers["location"]) == (303, f"/console/cases/{case['number']}")
    assert "/moves/propose" in client.get(f"/console/cases/{case['number']}").text


def test_who_reads_no_trainings_opens_none_but_makes_a_proposal(client: TestClient, store: Store):
    refused = sent(client, store, AGENT, **MATTER)
    assert refused.status_code == 422
    assert query_rows(store, "SELECT 1 AS one FROM cases") == []
    assert sent(client, store, AGENT, **MATTER | {"kind": "staff_proposal"}).status_code == 303


def test_a_matter_without_words_is_refused_and_keeps_what_was_chosen(client: TestClient, store: Store):
    refused = sent(client, store, SUPERVISOR, **MATTER | {"text": " ", "kind": "appraisal"})
    assert refused.status_code == 422
    assert '<option value="appraisal" selected' in refused.text


def test_the_trainee_sees_his_training_in_the_plan_and_a_colleague_does_not(client: TestClient, store: Store):
    sent(client, store, SUPERVISOR, **MATTER)
    [case] = query_rows(store, "SELECT number FROM cases WHERE kind = 'training'")
    form = {"course": "parcel_handling", "trainee": HANDLER, "department": "claims"}
    advance(store, Command(case["number"], "propose", form, actor=SUPERVISOR), START)
    for who, sees in ((HANDLER, True), (SUPERVISOR, True), (AGENT, False)):
        log_in(client, store, who)
        assert ("parcel_handling" in client.get(f"{PAGE}?year=2026").text) is sees


def test_a_year_that_is_none_is_refused(client: TestClient, store: Store):
    log_in(client, store, SUPERVISOR)
    assert client.get(f"{PAGE}?year=20").status_code == 422
