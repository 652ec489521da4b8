"""The routes of periodic surveys: drawn, sent out, answered and read as in the console (E1)."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.settings import Settings
from engine.store import Store
from tests.apps.api.conftest import client
from tests.case_actions import AGENT, AUDITOR, HOUR, make_move, query_rows
from tests.engine.surveys.surveyed_customers import customers_of_february, planner

pytestmark = pytest.mark.requirement("E1")

DRAW = {"pack": "logistics", "period": "2026-02", "kinds": ["complaint"], "size": 2, "way": "face_to_face", "least": 1}


@pytest.fixture
def caller(settings: Settings, store: Store) -> Iterator[TestClient]:
    planner(store)
    customers_of_february(store, "an", "bo", "wu")
    with client(settings) as opened:
        yield opened


def ask(caller: TestClient, method: str, path: str, by: str = "eva", status: int = 200, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {by}", **sent.pop("headers", {})}
    answer = caller.request(method, f"/api/v1/surveys{path}", headers=headers, **sent)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_survey_is_drawn_sent_out_answered_and_read(caller: TestClient, store: Store):
    drawn = ask(caller, "POST", "", json=DRAW)
    assert [(each["name"], each["population"], each["drawn"]) for each in drawn["strata"]] == [
        ("enterprise", 1, 1), ("individual", 2, 1),
    ]  # fmt: skip
    assert (drawn["again"]["same_population"], drawn["again"]["same_sample"]) == (True, True)
    assert ask(caller, "POST", "/1/invitations") == {"survey": 1, "opened": 2, "left": 0}
    assert ask(caller, "POST", "/1/invitations") == {"survey": 1, "opened": 0, "left": 0}
    numbers = [row["number"] for row in query_rows(store, "SELECT number FROM cases WHERE kind = 'survey_invitation'")]
    make_move(store, numbers[0], "revisit", AGENT, HOUR, outcome="satisfied")
    report = ask(caller, "GET", "/1", AUDITOR)
    total = report["total"]
    assert (total["drawn"], total["reached"], total["answered"], total["satisfied"]) == (2, 1, 1, 1)
    assert (total["response_rate"], total["satisfied_share"], total["small"]) == (50.0, 100.0, True)
    assert report["representative"]["verdict"] == "untested"
    assert [each["sent_by"] for each in ask(caller, "GET", "", AUDITOR)["surveys"]] == ["eva"]


def test_a_survey_is_called_off_once(caller: TestClient):
    ask(caller, "POST", "", json=DRAW)
    ask(caller, "POST", "/1/invitations")
    ask(caller, "POST", "/1/cancellation", AGENT, 403, json={"reason": "Asked twice."})
    ask(caller, "POST", "/1/cancellation", "eva", 422, json={"reason": "two\nlines"})
    assert ask(caller, "POST", "/1/cancellation", json={"reason": "Asked twice."})["ended"] == 2
    assert ask(caller, "POST", "/1/cancellation", json={"reason": "Asked twice."})["new"] is False
    assert ask(caller, "GET", "/1", AUDITOR)["survey"]["called_off_because"] == "Asked twice."
    ask(caller, "POST", "/1/invitations", "eva", 409)


def test_a_repeated_request_draws_once(caller: TestClient):
    key = {"Idempotency-Key": "0d4bd63e"}
    assert [ask(caller, "POST", "", json=DRAW, headers=key)["survey"]["id"] for _ in range(2)] == [1, 1]


REFUSED = {
    "another role": (AGENT, DRAW, 403),
    "a period that is not over": ("eva", DRAW | {"period": "2026-Q1"}, 422),
    "a kind that is not surveyed": ("eva", DRAW | {"kinds": ["violation"]}, 422),
    "a way that nobody knows": ("eva", DRAW | {"way": "by_pigeon"}, 422),
    "nobody to ask": ("eva", DRAW | {"kinds": ["inquiry"]}, 409),
}


@pytest.mark.parametrize(("by", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_survey_is_refused(caller: TestClient, by: str, body: dict[str, Any], status: int):
    ask(caller, "POST", "", by, status, json=body)
    ask(caller, "GET", "/1", "eva", 404)
