"""Sequences of requests that schemathesis derives from the links of the schema: what one answers, the next one uses.

Bodies of moves are drawn from the forms that the API offers. ``make fuzz`` runs more and longer sequences.
"""

import contextlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from hypothesis.stateful import rule
from schemathesis.generation.stateful.state_machine import StepOutput

from apps.api.schema import schema
from apps.api.schema_links import LINKS
from tests.apps.api.fuzzing import BOUNDED, EXAMPLES, NUMBER, STEPS, Fuzzed

MOVES = "/api/v1/cases/{number}/moves"
LEAST_STEPS = EXAMPLES * STEPS // 4
"""The least requests of all sequences: one may end early."""


@pytest.fixture
def fuzzed(tmp_path: Path, sqlite_template: Path) -> Iterator[Fuzzed]:
    with contextlib.closing(Fuzzed(tmp_path, sqlite_template)) as opened:
        yield opened


@cache
def bodies(form: str) -> st.SearchStrategy[Any]:
    """Return what draws bodies that fit the JSON schema of a form."""
    body = json.loads(form)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "form", "version": "1"},
        "$defs": body.pop("$defs", {}),
        "paths": {"/form": {"post": {
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "made"}},
        }}},
    }  # fmt: skip
    operation = schemathesis.openapi.from_dict(document)["/form"]["post"]
    return operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE).map(lambda case: case.body)


def machine(fuzzed: Fuzzed, made: list[str]) -> Any:
    """Return the state machine of the schema's links, with one more rule: make a move that the API offers."""
    show, move = fuzzed.schema[MOVES]["get"], fuzzed.schema[f"{MOVES}/{{move}}"]["post"]

    class Workflow(fuzzed.schema.as_state_machine()):
        def setup(self) -> None:
            fuzzed.begin()  # what a sequence draws must not depend on those before it

        def step(self, input: Any) -> Any:  # noqa: A002 (the library's own name)
            answer = fuzzed.check(input.case)
            self.after_call(answer, input.case)
            return StepOutput(answer, input.case)

        @rule(data=st.data())
        def make_offered_move(self, data: st.DataObject) -> None:
            offered = fuzzed.check(show.Case(path_parameters={"number": NUMBER})).json()
            possible = [each for each in offered["moves"] if each["allowed"]]
            if not possible:
                return
            drawn = data.draw(st.sampled_from(possible))
            body = data.draw(bodies(json.dumps(drawn["form"], sort_keys=True)))
            wanted = {"number": NUMBER, "move": drawn["move"]}
            answer = fuzzed.check(move.Case(path_parameters=wanted, body=body, media_type="application/json"))
            if answer.status_code == 200:
                made.append(drawn["move"])

    return Workflow


@pytest.mark.long
def test_no_sequence_of_requests_breaks_the_server_or_the_schema(fuzzed: Fuzzed, record_property: Any):
    made: list[str] = []
    machine(fuzzed, made).run(settings=BOUNDED)
    record_property("answers", dict(fuzzed.answers))
    record_property("moves", made)
    assert fuzzed.answers.total() >= LEAST_STEPS
    assert any(status < 300 for status in fuzzed.answers)


def test_every_link_leads_to_an_operation_that_has_its_parameters():
    operations = {
        operation["operationId"]: {parameter["name"] for parameter in operation.get("parameters", [])}
        for methods in schema()["paths"].values()
        for operation in methods.values()
    }
    for source, links in LINKS.items():
        assert source in operations
        for link in links:
            assert {name for name, _ in link.parameters} <= operations[link.operation], f"{source} → {link.operation}"
