"""Cases in flight keep their outcome when the rules change: golden cases are repeated on the present code.

Each transition is decided as recorded, each refusal is refused, the same escalation steps fire at the same instants,
and every case ends as recorded. ``tests/golden/__main__.py`` says how a golden case may be recorded again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from models.contact import Contact
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused
from tests.case_actions import START, case_of, refusal
from tests.golden.golden_case import FOLDER, GoldenCase, Step, read
from tests.golden.recording import add_staff_and_pack, golden_case_of

FILES = sorted(FOLDER.glob("*.json"))
CONTACT_FIELDS = {"channel", "subject", "text", "demand", "customer_type", "shipment", "requested_at", "row_id"}
CHILD_KINDS = {"appeal", "recovery", "ledger_entry"}
"""Kinds whose cases always stand on another case, which opened them or is their evidence."""


def at(micros: int) -> Any:
    return START + timedelta(microseconds=micros)


class Repetition:
    """Repeats a golden case, transition by transition."""

    def __init__(self, store: Store, recorded: GoldenCase) -> None:
        self.store, self.recorded, self.number = store, recorded, ""

    def run(self) -> GoldenCase:
        """Make every transition and try every refused move; return the history of the new case."""
        for seq, step in enumerate(self.recorded.steps, start=1):
            if not self.number or case_of(self.store, self.number)["version"] < seq:
                self._make(step)
            self._try_refused(seq)
        fire_due(self.store, at(self.recorded.until))
        return golden_case_of(self.store, self.number)

    def _make(self, step: Step) -> None:
        if step.via == "timer":
            fire_due(self.store, at(step.recorded))
        elif not self.number:
            self.number = self._open(step)
        else:
            form = {name: value for name, value in step.form.items() if value is not None}
            form |= evidence(self.recorded.kind, step.move, step.form)
            command = Command(self.number, step.move, form, actor=step.actor, via=step.via)
            advance(self.store, command, at(step.recorded))

    def _open(self, step: Step) -> str:
        fields = {name: value for name, value in step.form.items() if name in CONTACT_FIELDS}
        contact = Contact.model_validate({"row_id": "-", "at": at(step.occurred), **fields})
        kind = step.form.get("nature") or self.recorded.kind
        return open_case(self.store, Opening(contact, kind, actor=step.actor, via=step.via), at(step.recorded)).number

    def _try_refused(self, seq: int) -> None:
        for expected in self.recorded.refusals:
            if expected.after == seq:
                form = {**expected.form, **evidence(self.recorded.kind, expected.move, expected.form)}
                command = Command(self.number, expected.move, form, actor=expected.actor)
                refused = refusal(partial(advance, self.store, command, at(expected.at)))
                assert refused.code == expected.code


def evidence(kind: str, move: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a move that was recorded before ADR 34 did not say: with which words, how and whom it told.

    It told the customer: old records keep their outcome. A form of today says so itself.
    """
    rows = lifecycles()[kind].rows.get(move, ())
    if not rows or rows[0].speaks is None or "medium" in form:
        return {}
    words = dict.fromkeys((name for name in rows[0].speaks.fields if name not in form), "-")
    return {**words, "medium": "phone", "recipient": "-"}


def as_recorded(repeated: GoldenCase, recorded: GoldenCase) -> GoldenCase:
    """Return the repeated case without the evidence that the repetition added to old forms."""
    steps: list[Step] = []
    for step, old in zip(repeated.steps, recorded.steps, strict=True):
        added = evidence(repeated.kind, old.move, old.form)
        steps.append(replace(step, form={name: value for name, value in step.form.items() if name not in added}))
    return replace(repeated, steps=tuple(steps))


def decisions(case: GoldenCase) -> Iterator[tuple[Any, ...]]:
    """Yield the decision of each transition, with the names of the form's fields only, as texts have new salts."""
    for step in case.steps:
        yield (step.move, step.source, step.dest, step.cycle, step.level, step.via, step.occurred, sorted(step.form))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def recorded(request: pytest.FixtureRequest) -> GoldenCase:
    path: Path = request.param
    return read(path)


def test_a_golden_case_is_decided_as_recorded(sqlite_store: Store, recorded: GoldenCase):
    add_staff_and_pack(sqlite_store, recorded.limits)
    repeated = as_recorded(Repetition(sqlite_store, recorded).run(), recorded)
    assert list(decisions(repeated)) == list(decisions(recorded))
    assert repeated.escalation_steps == recorded.escalation_steps
    assert repeated.timers == recorded.timers
    assert verify(sqlite_store).faults == ()


@pytest.mark.postgres
def test_it_is_decided_as_recorded_on_postgres_too(postgres_store: Store):
    recorded = read(FOLDER / "complaint-a_complaint_goes_its_whole_way.json")
    add_staff_and_pack(postgres_store, recorded.limits)
    repeated = as_recorded(Repetition(postgres_store, recorded).run(), recorded)
    assert list(decisions(repeated)) == list(decisions(recorded))
    assert repeated.escalation_steps == recorded.escalation_steps


def test_there_is_a_golden_case_of_every_kind_that_is_opened_by_itself():
    assert {read(path).kind for path in FILES} == set(lifecycles()) - CHILD_KINDS


def test_another_decision_is_noticed(sqlite_store: Store):
    path = FOLDER / "complaint-a_complaint_goes_its_whole_way.json"
    document = json.loads(path.read_text("utf-8"))
    assert any(step["move"] == "resolve" for step in document["steps"])
    recorded = read(path)
    add_staff_and_pack(sqlite_store, {**recorded.limits, "solution": {"amount": 1, "unit": "hours"}})
    try:
        repeated = Repetition(sqlite_store, recorded).run()
    except (Refused, AssertionError):  # a move, or the reason of a refusal, is another one
        return
    assert list(decisions(repeated)) != list(decisions(recorded))
