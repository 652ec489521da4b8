"""The evaluation group draws a survey, looks at it, and sends it out (E1)."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import expect

from engine.accounts.invitations import accept, invite
from engine.settings import Settings
from engine.store import Store
from tests.apps.web_site import Served, check_accessible, log_in, picture, site_client
from tests.case_actions import AGENT, START, SUPERVISOR, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.engine.surveys.surveyed_customers import customers_of_february

pytestmark = [pytest.mark.requirement("E1"), pytest.mark.any_database]

DRAW = {
    "survey_pack": "logistics", "survey_period": "2026-02", "survey_kind": "complaint", "survey_size": "3",
    "survey_strata": "customer_type", "survey_method": "equal", "survey_least": "0", "survey_way": "face_to_face",
}  # fmt: skip


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    """The console over a store with four customers of February."""
    add_evaluator(store)
    add_accounts(store, AGENT, SUPERVISOR, EVA)
    customers_of_february(store, "an", "bo", "wu", "xu")
    with site_client(settings, store, None) as opened:
        yield opened


def sent(client: TestClient, store: Store, path: str, data: dict[str, str], by: str = EVA) -> Response:
    return client.post(f"/console/surveys{path}", data={"_csrf": log_in(client, store, by), **data})


def shown(client: TestClient, store: Store, path: str, by: str = EVA) -> str:
    log_in(client, store, by)
    answer = client.get(f"/console/surveys{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_survey_is_drawn_looked_at_and_sent_out(client: TestClient, store: Store):
    drawn = sent(client, store, "", DRAW)
    assert (drawn.status_code, drawn.headers["location"]) == (303, "/console/surveys/1?done=survey_drawn")
    page = shown(client, store, "/1")
    [row] = query_rows(store, "SELECT * FROM survey")
    assert row["seed"] in page
    assert "gives the same customers" in page
    assert "has not been sent out" in page
    assert sent(client, store, "/1/send", {}).status_code == 303
    assert len(query_rows(store, "SELECT * FROM cases WHERE kind = 'survey_invitation'")) == 3
    page = shown(client, store, "/1", SUPERVISOR)
    assert "3 of those drawn gave no answer" in page
    assert "Send out" not in page
    assert "Survey 1 · Logistics · 2026-02-01 – 2026-02-28" in shown(client, store, "")


def test_what_was_typed_stays_where_a_survey_is_refused(client: TestClient, store: Store):
    refused = sent(client, store, "", DRAW | {"survey_period": "2026-03", "survey_size": "7"})
    assert refused.status_code == 422
    assert 'value="7"' in refused.text
    assert query_rows(store, "SELECT * FROM survey") == []


def test_a_form_that_is_sent_twice_draws_once(client: TestClient, store: Store):
    for _ in range(2):
        assert sent(client, store, "", DRAW | {"_key": "0123456789abcdef"}).status_code == 303
    assert len(query_rows(store, "SELECT * FROM survey")) == 1


def test_an_agent_draws_nothing_and_sends_nothing_out(client: TestClient, store: Store):
    assert sent(client, store, "", DRAW, by=AGENT).status_code == 403
    sent(client, store, "", DRAW)
    assert sent(client, store, "/1/send", {}, by=SUPERVISOR).status_code == 403


def test_a_survey_that_was_sent_out_is_called_off_with_a_reason(client: TestClient, store: Store):
    sent(client, store, "", DRAW)
    sent(client, store, "/1/send", {})
    assert sent(client, store, "/1/call-off", {"called_off_because": "x" * 300}).status_code == 422
    assert sent(client, store, "/1/call-off", {"called_off_because": "Asked twice."}, by=SUPERVISOR).status_code == 403
    done = sent(client, store, "/1/call-off", {"called_off_because": "Asked twice."})
    assert (done.status_code, done.headers["location"]) == (303, "/console/surveys/1?done=survey_called_off")
    page = shown(client, store, "/1")
    assert "Asked twice." in page
    assert "Call the survey off" not in page
    assert ">called off<" in shown(client, store, "")
    states = {row["state"] for row in query_rows(store, "SELECT state FROM cases WHERE kind = 'survey_invitation'")}
    assert states == {"called_off"}


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_in_a_browser_a_survey_is_drawn_and_sent_out(sqlite_console: Served, locale: str):
    store = sqlite_console.store
    add_evaluator(store)
    accept(store, invite(store, EVA, ADMIN, START).code, PASSWORD, START, RULES)
    customers_of_february(store, "an", "bo", "wu", "xu")
    with sqlite_console.person(EVA, locale) as page:
        page.goto("/console/surveys")
        for name, value in DRAW.items():
            field = page.locator(f"[name={name}]")
            field.fill(value) if name in {"survey_period", "survey_size", "survey_least"} else field.select_option(
                value
            )
        check_accessible(page)
        page.locator("main form button.main").click()
        expect(page.locator("tbody tr")).to_have_count(3)
        check_accessible(page)
        page.locator("main form button.main").click()
        expect(page.locator("main form button.main")).to_have_count(0)
        page.goto("/console/surveys")
        check_accessible(page)
        picture(page, "surveys", locale)
        page.goto("/console/surveys/1")
        picture(page, "survey", locale)
