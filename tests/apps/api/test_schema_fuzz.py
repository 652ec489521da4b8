"""Requests that schemathesis derives from the schema: no server error, no answer that the schema does not name.

``make fuzz`` tries several thousand of them.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as conformance

from apps.api.app import create_app
from apps.api.schema import schema
from engine.actors import NewActor, add_actor
from engine.settings import Settings
from statemachines.roles import DESK, Role
from tests.apps.api.conftest import by_handle
from tests.case_actions import SECRET
from tests.conftest import copy_anchors

pytestmark = pytest.mark.long

EXAMPLES = int(os.environ.get("CLOSELOOP_FUZZ_EXAMPLES", "2"))
"""How many requests of each sort are tried of each operation."""
BOUNDED = settings(
    max_examples=EXAMPLES,
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
FULLY_EMPOWERED = "all"
OPERATIONS = [
    (path, method, mode)
    for path, methods in schema()["paths"].items()
    for method, operation in methods.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or operation.get("parameters") or operation.get("requestBody")
]
"""Requests that fit the schema, and such that do not where anything can be wrong."""


@dataclass(frozen=True)
class Served:
    """The operations of an application, and a case of its store."""

    schema: Any
    number: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Served]:
    """An application over a store that all requests share, with somebody in it who may do everything."""
    home = tmp_path_factory.mktemp("fuzz")
    shutil.copy(sqlite_template, home / "closeloop.db")
    copy_anchors(sqlite_template.parent, home)
    own = Settings(home=home, secret=SECRET)
    with (store := own.store()).writing() as tx:
        add_actor(tx, NewActor(FULLY_EMPOWERED, (*DESK, Role.HANDLER, Role.ADMINISTRATOR, Role.AUDITOR), "claims"))
    store.close()
    app = create_app(own, by_handle)
    headers = {"Authorization": f"Bearer {FULLY_EMPOWERED}"}
    with TestClient(app, headers=headers) as opened:
        number = opened.post("/api/v1/cases", json={"text": "My parcel is late."}).json()["number"]
        yield Served(schemathesis.openapi.from_asgi("/api/v1/openapi.json", app), number)


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_no_request_breaks_the_server_or_the_schema(served: Served, path: str, method: str, mode: GenerationMode):
    operation = served.schema[path][method]
    known = {"number": served.number} if "{number}" in path and mode is GenerationMode.POSITIVE else None
    tried = 0

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=known))
    def try_it(case: Any) -> None:
        nonlocal tried
        tried += 1
        case.call_and_validate(headers={"Authorization": f"Bearer {FULLY_EMPOWERED}"}, checks=TRIED)

    try_it()
    assert tried > 0
