"""The OpenAPI document is valid, is the committed one, and breaks no client of the committed one unnoticed."""

import json
from copy import deepcopy
from typing import Any

import pytest
from openapi_spec_validator import validate

from apps.api.addresses import PREFIX
from apps.api.schema import COPY, rendered, schema
from apps.api.schema_changes import breaking_changes

MOVE = f"{PREFIX}/cases/{{number}}/moves/{{move}}"


def test_the_document_is_valid_openapi():
    validate(schema())
    assert schema()["openapi"].startswith("3.1")


def test_nothing_breaks_a_client_of_the_committed_document():
    assert breaking_changes(json.loads(COPY.read_text("utf-8")), schema()) == []


def test_the_committed_document_is_the_one_that_is_served():
    assert COPY.read_text("utf-8") == rendered(), "write it anew: python -m apps.api.schema"


def test_every_route_below_the_prefix_asks_for_a_token_or_a_session_but_those_that_lead_to_one():
    open_routes = [
        f"{method} {path}"
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
        if path.startswith(PREFIX) and not operation.get("security")
    ]
    assert sorted(open_routes) == [
        f"post {PREFIX}/invitation", f"post {PREFIX}/invitation/check", f"post {PREFIX}/session",
    ]  # fmt: skip


def test_every_route_says_what_it_does_and_shows_an_example_of_what_it_takes():
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], path
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert "example" in json.dumps(_resolved(content["schema"])), f"{method} {path}"


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    return schema()["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _parameter(operation: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in operation["parameters"] if each["name"] == name)


def remove_route(document: dict[str, Any]) -> None:
    del document["paths"][MOVE]


def require_key(document: dict[str, Any]) -> None:
    _parameter(document["paths"][MOVE]["post"], "idempotency-key")["required"] = True


def remove_answer_field(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["MovedCase"]["properties"]["seq"]


def require_field(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["NewCase"]["required"].append("customer")


def remove_field(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["NewCase"]["properties"]["demand"]


def remove_channel(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Channel"]["enum"].remove("wechat")


def shorten_text(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["NewCase"]["properties"]["text"]["maxLength"] = 10


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (remove_route, f"POST {MOVE}: removed"),
        (require_key, f"POST {MOVE}: parameter idempotency-key is required"),
        (remove_answer_field, f"POST {MOVE}: 200: field seq removed"),
        (require_field, f"POST {PREFIX}/cases: body: field customer is required"),
        (remove_field, f"POST {PREFIX}/cases: body: field demand removed"),
        (remove_channel, f"POST {PREFIX}/cases: body.channel: no longer takes ['wechat']"),
        (shorten_text, f"POST {PREFIX}/cases: body.text: maxLength is smaller"),
    ],
)
def test_a_change_that_breaks_clients_is_found(change: Any, named: str):
    changed = deepcopy(schema())
    change(changed)
    assert named in breaking_changes(schema(), changed)
    assert not breaking_changes(changed, changed)


def test_what_is_added_breaks_nobody():
    changed = deepcopy(schema())
    changed["paths"]["/api/v1/new"] = {"get": {"responses": {}}}
    changed["components"]["schemas"]["MovedCase"]["properties"]["more"] = {"type": "string"}
    changed["components"]["schemas"]["NewCase"]["properties"]["more"] = {"type": "string"}
    assert breaking_changes(schema(), changed) == []
