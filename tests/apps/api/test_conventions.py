"""What holds for every route: problem documents, languages, keys, entity tags, bodies, headers."""

import json

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from apps.api.request_guard import MOST_BYTES
from apps.api.strict_json import MOST_LEVELS

pytestmark = pytest.mark.any_database

CASES = "/api/v1/cases"
NEW = {"text": "My parcel is late.", "customer": {"name": "Wang", "phone": "13800138000"}}
CLASSIFY = {"category": "damage", "severity": "high", "department": "claims"}


def opened(api: TestClient) -> str:
    answer = api.post(CASES, json=NEW)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


def send(api: TestClient, body: bytes, **headers: str) -> Response:
    return api.post(CASES, content=body, headers={"Content-Type": "application/json", **headers})


def problem(answer: Response, status: int, code: str) -> dict[str, object]:
    document = answer.json()
    assert (answer.status_code, document["code"], document["status"]) == (status, code, status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["type"] == f"urn:closeloop:refusal:{code}"
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


def test_a_refusal_is_a_problem_document_in_the_language_that_is_asked_for(api: TestClient):
    address = f"{CASES}/cp-26-000099"
    assert problem(api.get(address), 404, "unknown_case")["detail"].__class__ is str
    texts = {tag: api.get(address, headers={"Accept-Language": tag}) for tag in ("en", "zh-CN", "zh-TW", "zh-Hant-HK")}
    assert texts["en"].json()["detail"].startswith("There is no case cp-26-000099")
    assert texts["zh-CN"].json()["detail"].startswith("没有")
    assert texts["zh-TW"].json()["detail"].startswith("沒有")
    assert texts["zh-Hant-HK"].json()["detail"] == texts["zh-TW"].json()["detail"]
    assert texts["zh-TW"].headers["content-language"] == "zh-TW"


def test_the_preferred_language_that_exists_is_chosen(api: TestClient):
    answer = api.get(f"{CASES}/cp-26-000099", headers={"Accept-Language": "fr, zh-TW;q=0.5, en;q=0.8"})
    assert answer.headers["content-language"] == "en"


def test_a_repeated_key_opens_one_case_and_gets_the_same_answer(api: TestClient):
    key = {"Idempotency-Key": "k-1"}
    first, again = (api.post(CASES, json=NEW, headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.headers["etag"] == again.headers["etag"]
    other = api.post(CASES, json=NEW | {"text": "It is broken."}, headers=key)
    problem(other, 422, "key_reused")
    assert "“k-1”" in other.json()["detail"], "the key that the caller sent"
    for change in ({"kind": "inquiry"}, {"unless_known": True}):
        problem(api.post(CASES, json=NEW | change, headers=key), 422, "key_reused")


def test_a_repeated_key_makes_one_move(api: TestClient):
    address = f"{CASES}/{opened(api)}/moves/note"
    key = {"Idempotency-Key": "k-2"}
    first, again = (api.post(address, json={"note": "He calls."}, headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())
    problem(api.post(address, json={"note": "He writes."}, headers=key), 422, "key_reused")


def test_a_repeated_key_takes_one_further_contact(api: TestClient):
    address = f"{CASES}/{opened(api)}/contacts"
    key = {"Idempotency-Key": "k-3"}
    first, again = (api.post(address, json={"text": "Still nothing."}, headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    problem(api.post(address, json={"text": "It has come."}, headers=key), 422, "key_reused")


def test_nobody_meets_the_key_of_another(api: TestClient):
    key = {"Idempotency-Key": "k-4"}
    first = api.post(CASES, json=NEW, headers=key)
    other = api.post(CASES, json=NEW | {"text": "Mine."}, headers=key | {"Authorization": "Bearer sue"})
    assert other.status_code == 201
    assert other.json()["number"] != first.json()["number"]


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_that_cannot_be_kept_is_refused(api: TestClient, key: str):
    assert api.post(CASES, json=NEW, headers={"Idempotency-Key": key}).status_code in {400, 422}


def test_a_move_is_refused_if_the_case_has_moved_since(api: TestClient):
    number = opened(api)
    tag = api.get(f"{CASES}/{number}").headers["etag"]
    address = f"{CASES}/{number}/moves/note"
    assert api.post(address, json={"note": "One."}, headers={"If-Match": tag}).status_code == 200
    problem(api.post(address, json={"note": "Two."}, headers={"If-Match": tag}), 412, "stale")
    problem(api.post(address, json={"note": "Two."}, headers={"If-Match": '"x"'}), 412, "stale")
    problem(api.post(address, json={"note": "Two."}, headers={"If-Match": "2"}), 400, "bad_header")
    assert api.post(address, json={"note": "Two."}, headers={"If-Match": "*"}).status_code == 200


def test_many_moves_each_have_a_result(api: TestClient):
    number = opened(api)
    moves = [
        {"number": number, "move": "note", "form": {"note": "One."}},
        {"number": number, "move": "resolve", "form": {}},
        {"number": "cp-26-000099", "move": "note", "form": {"note": "Two."}},
    ]
    answer = api.post("/api/v1/moves", json={"moves": moves})
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["results"]
    assert first["moved"]["seq"] == 2
    assert second["problem"]["status"] in {403, 409, 422}
    assert third["problem"]["code"] == "unknown_case"


def test_a_field_that_no_model_has_is_refused_by_its_name(api: TestClient):
    answer = api.post(CASES, json=NEW | {"state": "resolved"})
    problem(answer, 422, "bad_request")
    assert [(fault["field"], fault["code"]) for fault in answer.json()["errors"]] == [("state", "extra_forbidden")]
    number = opened(api)
    problem(api.post(f"{CASES}/{number}/moves/note", json={"note": "x", "seq": 9}), 422, "form")


def test_a_fault_does_not_repeat_what_was_entered(api: TestClient):
    answer = api.post(CASES, json=NEW | {"channel": "13800138000"})
    assert answer.status_code == 422
    assert "13800138000" not in answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"text": "a", "text": "b"}', "repeated_json_key"),
        (b'{"text": "a", "customer": {"name": "a", "name": "b"}}', "repeated_json_key"),
        (b'{"text": ' + b"[" * 1000 + b"]" * 1000 + b"}", "json_too_deep"),
        (b'{"text": ' + b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"}", "json_too_deep"),
        (b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1), "json_too_deep"),
        (b"[" * 100_000, "json_too_deep"),
        (b"{", "bad_json"),
        (b'{"text": NaN}', "bad_json"),
        (b'{"text": 1e999}', "bad_json"),
        (b'{"text": ' + b"9" * 5000 + b"}", "bad_json"),
        (b'{"text": "\xff"}', "bad_json"),
    ],
    ids=[
        "twice",
        "twice-inside",
        "deep-list",
        "deep-object",
        "one-too-deep",
        "open",
        "cut",
        "nan",
        "inf",
        "digits",
        "bytes",
    ],
)
def test_ambiguous_json_is_refused(api: TestClient, body: bytes, code: str):
    problem(send(api, body), 400, code)


def test_a_body_over_the_limit_is_refused_whether_or_not_it_says_so(api: TestClient):
    body = json.dumps(NEW | {"text": "x" * MOST_BYTES}).encode()
    problem(send(api, body), 413, "body_too_large")

    def parts():  # sent in chunks, without a length
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    answer = api.post(CASES, content=parts(), headers={"Content-Type": "application/json"})
    problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_no_json_is_refused(api: TestClient, media_type: str):
    problem(send(api, b'{"text": "a"}', **{"Content-Type": media_type}), 415, "media_type")


def test_an_answer_that_the_caller_does_not_take_is_refused(api: TestClient):
    problem(api.get(f"{CASES}/cp-26-000001", headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert api.get(f"{CASES}/cp-26-000001", headers={"Accept": "text/html, */*;q=0.1"}).status_code == 404


def test_another_method_is_refused_with_those_that_are_possible(api: TestClient):
    answer = api.put(f"{CASES}/cp-26-000001")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
    problem(api.get("/api/v1/nowhere"), 404, "unknown_address")


def test_a_token_in_the_address_is_refused(api: TestClient):
    for name in ("token", "access_token", "API_KEY"):
        problem(api.get(f"{CASES}/cp-26-000001?{name}=clt_x"), 400, "token_in_url")


def test_a_request_without_a_token_is_refused_and_told_the_scheme(api: TestClient):
    answer = api.get(f"{CASES}/cp-26-000001", headers={"Authorization": ""})
    problem(answer, 401, "token_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_instants_are_in_utc(api: TestClient):
    assert api.get(f"{CASES}/{opened(api)}").json()["opened_at"] == "2026-03-02T01:00:00Z"


def test_every_answer_has_an_id_and_the_headers_that_protect_it(api: TestClient):
    for address in (f"{CASES}/cp-26-000001", "/api/v1/nowhere", "/livez", "/api/v1/openapi.json"):
        headers = api.get(address, headers={"X-Request-Id": "abc.1"}).headers
        assert headers["x-request-id"] == "abc.1"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
    forged = api.get("/livez", headers={"X-Request-Id": "a b<script>"}).headers["x-request-id"]
    assert forged.isalnum()


def test_the_figures_name_routes_by_their_templates_and_no_case(api: TestClient):
    number = opened(api)
    api.get(f"{CASES}/{number}")
    api.get("/api/v1/nowhere")
    text = api.get("/metrics").text
    assert 'closeloop_requests_total{method="GET",route="/api/v1/cases/{number}",status="200"} 1.0' in text
    assert 'closeloop_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'closeloop_refusals_total{code="unknown_address"} 1.0' in text
    assert "closeloop_timer_lag_seconds 0.0" in text
    assert number not in text


def test_the_probes_say_whether_the_system_can_work(api: TestClient):
    assert api.get("/livez", headers={"Authorization": ""}).json() == {"alive": True}
    ready = api.get("/readyz", headers={"Authorization": ""})
    assert (ready.status_code, ready.json()["database"], ready.json()["driver"]) == (200, "there", "unneeded")
