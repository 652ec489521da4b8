"""The route that erases personal texts: the same function as the command, with its checks, once under a key."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.access.principal import Scope
from engine.attachments.content_files import content_files
from engine.audit.verify import verify
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.test_webhook_routes import client
from tests.case_actions import make_move, new_case, query_rows
from tests.engine.attachments.evidence import attach_files, contents_in, photo
from tests.engine.webhooks.subscribers import administrator, principal

pytestmark = [pytest.mark.requirement("H1"), pytest.mark.any_database]

REASON = "The customer asked for it."
PHOTOS = [("lid.jpg", photo()), ("label.jpg", photo("blue"))]
OPENING = {"reason": REASON, "seq": 1, "field": "text"}


@pytest.fixture
def number(store: Store) -> str:
    return new_case(store, text="My name is Wang, and I live at 3 Nanjing Road.")


@pytest.fixture
def api(store: Store, settings: Settings, number: str) -> Iterator[TestClient]:
    with client(settings, administrator(store)) as opened:
        yield opened


def erase(api: TestClient, number: str, body: dict[str, Any], key: str = "") -> Any:
    return api.post(f"/api/v1/cases/{number}/erasures", json=body, headers={"idempotency-key": key} if key else {})


def texts(store: Store) -> list[str | None]:
    return [row["content"] for row in query_rows(store, "SELECT content FROM statement ORDER BY seq, field")]


def test_one_text_is_erased_with_its_reason_and_who_did_it(store: Store, api: TestClient, number: str):
    answer = erase(api, number, OPENING)
    assert (answer.status_code, answer.json()) == (
        200,
        {"number": number, "erased": [{"seq": 1, "field": "text"}], "customer": None, "mails": 0},
    )
    assert texts(store) == [None]
    [row] = query_rows(store, "SELECT made_by FROM journal WHERE subject = 'erasure'")
    assert row["made_by"] == "root"
    [row] = query_rows(store, "SELECT erasure_reason FROM statement")
    assert row["erasure_reason"] == REASON


def test_the_same_request_under_its_key_gets_the_same_answer_and_another_one_is_refused(api: TestClient, number: str):
    first, again = (erase(api, number, OPENING, "a-key").json() for _ in range(2))
    assert first == again
    assert erase(api, number, OPENING).json()["erased"] == [], "without the key it finds nothing to erase"
    other = erase(api, number, {**OPENING, "reason": "Another reason."}, "a-key")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_all_texts_are_erased_of_a_closed_case_only(store: Store, api: TestClient, number: str):
    answer = erase(api, number, {"reason": REASON})
    assert (answer.status_code, answer.json()["code"]) == (409, "case_not_closed")
    make_move(store, number, "withdraw", reason="The customer withdrew.")
    assert len(erase(api, number, {"reason": REASON}).json()["erased"]) == 2
    assert texts(store) == [None, None]


def test_the_customer_of_a_closed_case_is_erased_once_under_a_key(store: Store, api: TestClient):
    other = new_case(store, row_id="2", customer="王芳", phone="13800138000")
    make_move(store, other, "withdraw", reason="The customer withdrew.")
    first, again = (erase(api, other, {"reason": REASON}, "a-key").json() for _ in range(2))
    assert (first["customer"], first == again) == (True, True)
    assert query_rows(store, "SELECT name, phone, erasure_reason FROM party") == [
        {"name": None, "phone": None, "erasure_reason": REASON}
    ]
    assert erase(api, other, {"reason": REASON}).json()["customer"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "  "}, 422, "no_reason"),
        ({"seq": 1, "field": "text"}, 422, "bad_request"),
        ({"reason": REASON, "seq": 1}, 422, "bad_request"),
        ({"reason": REASON, "seq": 7, "field": "text"}, 404, "unknown_text"),
        ({"reason": REASON, "by": "me"}, 422, "bad_request"),
    ],
    ids=["blank-reason", "no-reason", "half-a-place", "unknown-text", "unknown-field"],
)
def test_what_is_not_said_or_not_there_is_refused(
    store: Store, api: TestClient, number: str, body: dict[str, Any], status: int, code: str
):
    answer = erase(api, number, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert None not in texts(store)


def test_only_an_administrator_whose_token_allows_it_may_erase(store: Store, settings: Settings, number: str):
    manager = principal(store, "boss", Role.GENERAL_MANAGER)
    for caller, code in ((manager, "not_in_charge"), (administrator(store, Scope.WRITE_CASES), "scope_missing")):
        with client(settings, caller) as opened:
            answer = erase(opened, number, OPENING)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert None not in texts(store)


def erase_file(api: TestClient, number: str, id_: str, body: dict[str, Any], key: str = "") -> Any:
    headers = {"idempotency-key": key} if key else {}
    return api.post(f"/api/v1/cases/{number}/attachments/{id_}/erasure", json=body, headers=headers)


@pytest.mark.requirement("A10")
def test_one_file_is_erased_and_verify_tells_it_from_a_missing_one(store: Store, api: TestClient, number: str):
    [lost, shown] = attach_files(store, number, *PHOTOS)
    answer = erase_file(api, number, shown.id, {"reason": REASON})
    assert (answer.status_code, answer.json()) == (200, {"number": number, "id": shown.id, "erased": True})
    assert len(contents_in(store)) == 2, "the other photo and its small picture"
    made = query_rows(store, "SELECT made_by FROM journal WHERE subject = 'attachment' ORDER BY seq")
    assert made[-1]["made_by"] == "root"
    assert verify(store).ok
    [row] = query_rows(store, f"SELECT digest FROM attachment WHERE id = '{lost.id}'")
    content_files(store).remove(row["digest"])
    assert [fault.what for fault in verify(store).faults] == ["attachment_missing"]


@pytest.mark.requirement("A10")
def test_a_file_is_erased_once_under_a_key_and_only_with_a_reason(store: Store, api: TestClient, number: str):
    [file] = attach_files(store, number, PHOTOS[0])
    first, again = (erase_file(api, number, file.id, {"reason": REASON}, "a-key").json() for _ in range(2))
    assert (first["erased"], first == again) == (True, True)
    assert erase_file(api, number, file.id, {"reason": REASON}).json()["erased"] is False
    other = erase_file(api, number, file.id, {"reason": "Another reason."}, "a-key")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert [erase_file(api, number, file.id, body).status_code for body in ({}, {"reason": ""}, {"reason": " "})] == [
        422, 422, 422,
    ]  # fmt: skip
    nothing = erase_file(api, number, "0" * 32, {"reason": REASON})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "unknown_attachment")
