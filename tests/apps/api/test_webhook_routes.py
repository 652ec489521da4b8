"""The routes over webhooks, for a caller who is given."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from apps.api.app import create_app
from engine.access.principal import Principal, Scope
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import new_case
from tests.engine.webhooks.subscribers import URL, administrator, principal

pytestmark = pytest.mark.any_database

NEW = {"url": URL, "events": ["case.opened"], "kinds": ["complaint"]}


def client(settings: Settings, caller: Principal) -> TestClient:
    return TestClient(create_app(settings, lambda _store, _request, _at: caller))


@pytest.fixture
def api(store: Store, settings: Settings) -> Iterator[TestClient]:
    with client(settings, administrator(store)) as opened:
        yield opened


def post(api: TestClient, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return api.post(f"/api/v1/webhooks{path}", json=body, headers=headers)


def test_a_subscription_lives_through_the_api(store: Store, api: TestClient):
    added = post(api, "", NEW)
    assert (added.status_code, added.json()["id"]) == (201, 1)
    assert added.json()["secret"].startswith("whsec_")
    [listed] = api.get("/api/v1/webhooks").json()["webhooks"]
    assert (listed["url"], listed["events"], listed["personal"]) == (URL, ["case.opened"], False)
    assert "secret" not in listed
    rotated = post(api, "/1/rotate", {"hours": 1}).json()
    assert rotated["secret"] != added.json()["secret"]
    new_case(store)
    assert post(api, "/1/replay", {"since": "2026-03-01T00:00:00Z", "until": "2026-03-03T00:00:00Z"}).json() == {
        "id": 1,
        "queued": 1,
    }
    assert post(api, "/1/replay", {}).json()["queued"] == 0
    assert api.delete("/api/v1/webhooks/1").json() == {"id": 1, "unsent": 1}
    assert api.delete("/api/v1/webhooks/1").json()["code"] == "unknown_webhook"


def test_a_request_that_is_repeated_under_its_key_gets_the_same_answer(api: TestClient):
    first, again = (post(api, "", NEW, **{"idempotency-key": "a-key"}).json() for _ in range(2))
    assert first == again
    other = post(api, "", NEW, **{"idempotency-key": "another"}).json()
    assert other["id"] == 2
    assert len(api.get("/api/v1/webhooks").json()["webhooks"]) == 2
    assert post(api, "", {**NEW, "events": []}, **{"idempotency-key": "a-key"}).json()["code"] == "key_reused"
    rotated, repeated = (post(api, "/1/rotate", {"hours": 5}, **{"idempotency-key": "a-key"}).json() for _ in range(2))
    assert rotated == repeated
    assert rotated["secret"] != first["secret"]
    assert post(api, "", NEW, **{"idempotency-key": "a-key"}).json()["id"] == 1, "the key of the subscription holds"


def test_whoever_is_no_administrator_or_has_no_scope_sees_and_changes_nothing(store: Store, settings: Settings):
    agent, reading = principal(store, "guest", Role.AGENT), administrator(store, Scope.READ_CASES)
    for caller, code in ((agent, "not_in_charge"), (reading, "scope_missing")):
        with client(settings, caller) as api:
            answers = [
                api.get("/api/v1/webhooks"),
                post(api, "", NEW),
                post(api, "/1/rotate", {}),
                post(api, "/1/test"),
                post(api, "/1/replay", {}),
                api.delete("/api/v1/webhooks/1"),
            ]
        assert {answer.json()["code"] for answer in answers} == {code}
    with client(settings, administrator(store)) as api:
        assert api.get("/api/v1/webhooks").json() == {"webhooks": []}


def test_unknown_fields_and_ids_that_no_row_can_have_are_refused(api: TestClient):
    assert post(api, "", {**NEW, "secret": "mine"}).status_code == 422
    assert post(api, "", {**NEW, "added_by": "me"}).status_code == 422
    assert api.delete(f"/api/v1/webhooks/{2**31}").status_code == 422
    assert api.delete("/api/v1/webhooks/0").status_code == 422
    assert post(api, "/1/replay", {"since": "2026-03-01T00:00:00"}).status_code == 422, "an instant has an offset"


def test_a_test_from_a_simulated_store_sends_nothing_and_says_so(api: TestClient):
    post(api, "", NEW)
    assert post(api, "/1/test").json() == {"id": 1, "accepted": False, "failure": "simulated"}
