"""A request over webhooks that is repeated under its idempotency key changes nothing more and gets the same answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.test_webhook_routes import NEW, client, post
from tests.case_actions import new_case, query_rows
from tests.engine.webhooks.subscribers import administrator, fan_out, principal

KEY = {"idempotency-key": "a-key"}


@pytest.fixture
def api(store: Store, settings: Settings) -> Iterator[TestClient]:
    with client(settings, administrator(store)) as opened:
        assert post(opened, "", NEW).json()["id"] == 1
        yield opened


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_removing_twice_under_one_key_is_answered_twice(store: Store, api: TestClient):
    new_case(store)
    fan_out(store)
    first, again = (api.delete("/api/v1/webhooks/1", headers=KEY) for _ in range(2))
    assert first.json() == again.json() == {"id": 1, "unsent": 1}
    assert refused(api.delete("/api/v1/webhooks/1", headers={"idempotency-key": "other"})) == (404, "unknown_webhook")


def test_rotating_under_a_used_key_with_another_body_is_refused(store: Store, api: TestClient):
    first, again = (post(api, "/1/rotate", {"hours": 5}, **KEY).json() for _ in range(2))
    assert first == again
    assert refused(post(api, "/1/rotate", {"hours": 6}, **KEY)) == (422, "key_reused")
    later = post(api, "/1/rotate", {"hours": 5}, **{"idempotency-key": "later"}).json()
    assert later["secret"] != first["secret"]
    assert post(api, "/1/rotate", {"hours": 5}, **KEY).json() == first, "the answer is kept beyond the next rotation"
    entries = query_rows(store, "SELECT count(*) AS n FROM journal WHERE subject = 'webhook'")
    assert entries[0]["n"] == 3, "added once, rotated twice"


def test_replaying_under_a_used_key_queues_nothing_more(store: Store, api: TestClient):
    new_case(store)
    period = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-03T00:00:00Z"}
    assert post(api, "/1/replay", period, **KEY).json() == {"id": 1, "queued": 1}
    with store.writing() as tx:
        tx.run(
            "UPDATE delivery SET status = 'done', done_at = next_at WHERE reaction = :reaction", reaction="webhook:1"
        )
    assert post(api, "/1/replay", period, **KEY).json() == {"id": 1, "queued": 1}
    assert [row["status"] for row in query_rows(store, "SELECT status FROM delivery")] == ["done"], "nothing is queued"
    assert refused(post(api, "/1/replay", {}, **KEY)) == (422, "key_reused")
    assert post(api, "/1/replay", period).json()["queued"] == 1, "without a key it is sent again"


def test_dead_deliveries_are_revived_once_under_one_key(store: Store, api: TestClient):
    new_case(store)
    fan_out(store)
    dead = "UPDATE delivery SET status = 'dead', tries = 9, error = 'Timeout' WHERE reaction = :reaction"
    for _ in range(2):
        with store.writing() as tx:
            tx.run(dead, reaction="webhook:1")
        assert post(api, "/1/replay", {}, **KEY).json()["queued"] == 1
    assert [row["status"] for row in query_rows(store, "SELECT status FROM delivery")] == ["dead"]


def test_a_test_under_a_used_key_is_answered_as_before(api: TestClient):
    first, again = (post(api, "/1/test", None, **KEY).json() for _ in range(2))
    assert first == again == {"id": 1, "accepted": False, "failure": "simulated"}


def test_a_key_belongs_to_whoever_sent_it(store: Store, settings: Settings, api: TestClient):
    mine = post(api, "/1/rotate", {"hours": 5}, **KEY).json()
    with client(settings, principal(store, "second", Role.ADMINISTRATOR)) as other:
        theirs = post(other, "/1/rotate", {"hours": 7}, **KEY)
    assert theirs.status_code == 200
    assert theirs.json()["secret"] != mine["secret"]
