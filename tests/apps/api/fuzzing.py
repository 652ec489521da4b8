"""An application whose requests schemathesis derives from its schema, and how they are counted."""

import contextlib
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as conformance
from starlette.types import Receive, Scope, Send

from apps.api.app import create_app
from engine.actors import NewActor, add_actor
from engine.settings import Settings
from statemachines.roles import DESK, Role
from tests.apps.api.conftest import by_handle
from tests.case_actions import SECRET
from tests.conftest import copy_anchors

FULLY_EMPOWERED = "all"
HEADERS = {"Authorization": f"Bearer {FULLY_EMPOWERED}"}
EXAMPLES = int(os.environ.get("CLOSELOOP_FUZZ_EXAMPLES", "2"))
"""How many requests of each sort are tried of each operation, and how many sequences of requests."""
STEPS = 25
"""The most requests of one sequence."""
BOUNDED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TRIED: list[Any] = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
]


NUMBER = "cp-26-000001"
"""The case that every store of these tests begins with."""


@dataclass
class Fuzzed:
    """An application that may begin anew, the operations of its schema, and its answers so far by status."""

    folder: Path
    template: Path
    app: FastAPI = field(init=False)
    schema: Any = field(init=False)
    answers: Counter[int] = field(default_factory=Counter)
    stores: int = 0

    def __post_init__(self) -> None:
        self.begin()
        self.schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", self._answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def begin(self) -> None:
        """Answer from a new store, with one case in it, and with somebody who may do everything."""
        self.close()
        self.stores += 1
        home = self.folder / str(self.stores)
        home.mkdir()
        shutil.copy(self.template, home / "closeloop.db")
        copy_anchors(self.template.parent, home)
        own = Settings(home=home, secret=SECRET)
        with contextlib.closing(own.store()) as store, store.writing() as tx:
            add_actor(tx, NewActor(FULLY_EMPOWERED, (*DESK, Role.HANDLER, Role.ADMINISTRATOR, Role.AUDITOR), "claims"))
        self.app = create_app(own, by_handle)
        with TestClient(self.app, headers=HEADERS) as opened:
            assert opened.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"] == NUMBER

    def close(self) -> None:
        """Close the store that answers."""
        if self.stores:
            self.app.state.store.close()

    def check(self, case: Any) -> Any:
        """Send a request and return its answer. Raises where the answer breaks the schema or is a server error."""
        answer = case.call(headers=HEADERS)
        self.answers[answer.status_code] += 1
        case.validate_response(answer, checks=TRIED)
        return answer
