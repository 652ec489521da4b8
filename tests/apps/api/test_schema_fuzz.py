"""Requests that schemathesis derives from the schema: no server error, no answer that the schema does not name.

``make fuzz`` tries several thousand of them.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from schemathesis import GenerationMode

from apps.api.schema import schema
from tests.apps.api.fuzzing import BOUNDED, NUMBER, Fuzzed

pytestmark = pytest.mark.long

OPERATIONS = [
    (path, method, mode)
    for path, methods in schema()["paths"].items()
    for method, operation in methods.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or operation.get("parameters") or operation.get("requestBody")
]
"""Requests that fit the schema, and such that do not where anything can be wrong."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Fuzzed]:
    """An application over a store that all requests of this file share."""
    with contextlib.closing(Fuzzed(tmp_path_factory.mktemp("fuzz"), sqlite_template)) as opened:
        yield opened


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_no_request_breaks_the_server_or_the_schema(
    fuzzed: Fuzzed, path: str, method: str, mode: GenerationMode, record_property: Any
):
    operation = fuzzed.schema[path][method]
    known = {"number": NUMBER} if "{number}" in path and mode is GenerationMode.POSITIVE else None
    before = fuzzed.answers.copy()

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=known))
    def try_it(case: Any) -> None:
        fuzzed.check(case)

    try_it()
    tried = fuzzed.answers - before
    record_property("answers", dict(tried))
    assert tried.total() > 0
