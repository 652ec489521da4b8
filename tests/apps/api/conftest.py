"""The API in this process, over a simulated store; a bearer token of these tests is the handle of an actor.

After a bar it names the scopes that narrow it: ``amy|cases:read``.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from apps.api.app import create_app
from engine.access.principal import Principal, PrincipalKind, Scope
from engine.actors import acting
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from statemachines.refused import Refused


def by_handle(store: Store, request: Request, at: datetime) -> Principal:
    """Let in whoever names himself as the token."""
    handle, bar, scopes = request.headers.get("authorization", "").removeprefix("Bearer ").partition("|")
    if not handle:
        raise Refused("token_missing")
    held = frozenset(map(Scope, scopes.split())) if bar else None
    with store.looking() as tx:
        return Principal(acting(tx, handle, to_micros(at)), PrincipalKind.TOKEN, "api", held)


@pytest.fixture
def api(settings: Settings, store: Store) -> Iterator[TestClient]:
    """A client of the API that calls as amy, an agent, and reads English."""
    with client(settings) as opened:
        yield opened


def client(settings: Settings) -> TestClient:
    """Return a client of an API over the store of these settings."""
    headers = {"Authorization": "Bearer amy", "Accept-Language": "en"}
    return TestClient(create_app(settings, by_handle), headers=headers)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many requests the tests derived from the schema sent, and which moves they made (`make fuzz`)."""
    answers, moves = Counter[int](), Counter[str]()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "answers" and report.when == "call":
                answers.update({int(status): count for status, count in value.items()})
            if name == "moves" and report.when == "call":
                moves.update(value)
    if answers:
        terminalreporter.write_line(f"{answers.total()} requests; answers by status: {dict(sorted(answers.items()))}")
        terminalreporter.write_line(f"moves made: {dict(sorted(moves.items()))}")
