"""A slow body and a token that is used too often are refused; no route serves whoever sends no good token."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from apps.api.addresses import PAGES, UPLOADS
from apps.api.app import create_app
from apps.api.authentication import authenticate
from apps.api.figures import Figures
from apps.api.request_guard import RequestGuard
from apps.api.schema import schema
from engine.accounts.tokens import NewToken, create_token
from engine.settings import Settings
from engine.store import Store

pytestmark = pytest.mark.requirement("H4")

GUARDED = [
    (path, method)
    for path, methods in schema()["paths"].items()
    for method, operation in methods.items()
    if {"token": []} in operation.get("security", [])
]
"""The routes to which the schema says that a token is needed."""


@dataclass
class Exchange:
    """One request to the guard, of which the caller sends the first part of the body and then nothing."""

    first: bytes
    sent: list[Message] = field(default_factory=list[Message])
    reached: bool = False

    async def receive(self) -> Message:
        if self.first:
            part, self.first = self.first, b""
            return {"type": "http.request", "body": part, "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def route(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.reached = True


def test_a_body_that_does_not_come_is_refused_when_its_time_is_over(sqlite_store: Store):
    exchange = Exchange(b'{"text": ')
    guard = RequestGuard(exchange.route, "en", Figures(sqlite_store), UPLOADS, PAGES, body_seconds=0.0)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/api/v1/cases", "query_string": b"", "headers": headers
    }  # fmt: skip
    asyncio.run(guard(scope, exchange.receive, exchange.send))
    start, body = exchange.sent
    assert (start["status"], json.loads(body["body"])["code"]) == (408, "body_too_slow")
    assert dict(start["headers"])[b"connection"] == b"close", "what comes late is no next request"
    assert not exchange.reached


@pytest.fixture
def api(settings: Settings, store: Store) -> Iterator[TestClient]:
    """The API as it is served, with real tokens."""
    with TestClient(create_app(settings, authenticate), headers={"Accept-Language": "en"}) as opened:
        yield opened


def bearer(store: Store, rate: str) -> dict[str, str]:
    made = create_token(store, NewToken("amy", rate=rate), "amy", store.now())
    return {"Authorization": f"Bearer {made.token}"}


def test_a_token_that_is_used_too_often_is_told_when_to_come_back(api: TestClient, store: Store):
    limited, other = bearer(store, "3 per 1 minute"), bearer(store, "3 per 1 minute")
    answers = [api.get("/api/v1/cases", headers=limited) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert api.get("/api/v1/cases", headers=other).status_code == 200, "another token has its own limit"


def test_a_token_that_nobody_made_reads_and_writes_nothing(api: TestClient, store: Store):
    good = bearer(store, "100 per 1 minute")["Authorization"]
    forged = good[:-1] + ("0" if good[-1] != "0" else "1")
    for sent in ("", "Bearer ", "Basic YW15OmFteQ==", "Bearer amy", forged):
        for path, method in GUARDED:
            answer = api.request(method, path.format_map(Anything()), headers={"Authorization": sent})
            assert answer.status_code == 401, f"{method} {path} with {sent!r}: {answer.text}"
            assert answer.headers["www-authenticate"].startswith("Bearer")


class Anything(dict[str, str]):
    """Fills every parameter of an address."""

    def __missing__(self, name: str) -> str:
        return "1"


def test_the_schema_names_the_routes_that_need_a_token():
    assert {("/api/v1/cases", "post"), ("/api/v1/cases/{number}/moves/{move}", "post")} <= set(GUARDED)
