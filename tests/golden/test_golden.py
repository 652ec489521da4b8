"""Cases that were in flight when the rules changed: golden lives are lived again on the present code.

What was decided then is decided now, what was refused is refused, the same rungs fire at the same instants, and every
life comes to the same end. How a life may be written anew is told in ``tests/golden/__main__.py``.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.advance import Command, advance
from engine.commands.open_case import Opening, open_case
from engine.escalation.fire import fire_due
from engine.store import Store
from models.contact import Contact
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Refused
from tests.case_actions import START, case_of, refusal
from tests.golden.lives import FOLDER, Life, Step, read
from tests.golden.recording import life_of, peopled

LIVES = sorted(FOLDER.glob("*.json"))
OF_THE_CASE = {"channel", "subject", "text", "demand", "customer_type", "shipment", "requested_at", "row_id"}
NOT_ALONE = {"appeal", "recovery"}
"""Kinds whose cases never live alone."""


def at(micros: int) -> Any:
    return START + timedelta(microseconds=micros)


class Lived:
    """A golden life that is lived again, step by step."""

    def __init__(self, store: Store, life: Life) -> None:
        self.store, self.life, self.number = store, life, ""

    def to_the_end(self) -> Life:
        """Make every step, with what was refused in between."""
        for seq, step in enumerate(self.life.steps, start=1):
            if not self.number or case_of(self.store, self.number)["version"] < seq:
                self._make(step)
            self._try_after(seq)
        fire_due(self.store, at(self.life.until))
        return life_of(self.store, self.number)

    def _make(self, step: Step) -> None:
        if step.via == "timer":
            fire_due(self.store, at(step.recorded))
        elif not self.number:
            self.number = self._opened(step)
        else:
            form = {name: value for name, value in step.form.items() if value is not None}
            command = Command(self.number, step.move, form, actor=step.actor, via=step.via)
            advance(self.store, command, at(step.recorded))

    def _opened(self, step: Step) -> str:
        told = {name: value for name, value in step.form.items() if name in OF_THE_CASE}
        contact = Contact.model_validate({"row_id": "-", "at": at(step.occurred), **told})
        kind = step.form.get("nature") or self.life.kind
        return open_case(self.store, Opening(contact, kind, actor=step.actor, via=step.via), at(step.recorded)).number

    def _try_after(self, seq: int) -> None:
        for tried in self.life.refusals:
            if tried.after == seq:
                command = Command(self.number, tried.move, tried.form, actor=tried.actor)
                assert (
                    refusal(lambda told=command, when=tried.at: advance(self.store, told, at(when))).code == tried.code
                )


def decisions(life: Life) -> Iterator[tuple[Any, ...]]:
    """What was decided, step by step; words are told by their fields alone, for they were salted anew."""
    for step in life.steps:
        yield (step.move, step.source, step.dest, step.cycle, step.level, step.via, step.occurred, sorted(step.form))


@pytest.fixture(params=LIVES, ids=lambda path: path.stem)
def life(request: pytest.FixtureRequest) -> Life:
    path: Path = request.param
    return read(path)


def test_a_golden_life_is_decided_as_it_was(sqlite_store: Store, life: Life):
    peopled(sqlite_store, life.limits)
    again = Lived(sqlite_store, life).to_the_end()
    assert list(decisions(again)) == list(decisions(life))
    assert again.rungs == life.rungs
    assert again.clocks == life.clocks
    assert verify(sqlite_store).faults == ()


@pytest.mark.postgres
def test_it_is_decided_so_on_postgres_too(postgres_store: Store):
    life = read(FOLDER / "complaint-a_complaint_goes_its_whole_way.json")
    peopled(postgres_store, life.limits)
    again = Lived(postgres_store, life).to_the_end()
    assert (list(decisions(again)), again.rungs) == (list(decisions(life)), life.rungs)


def test_there_are_lives_of_every_kind_that_lives_alone():
    assert {read(path).kind for path in LIVES} == set(lifecycles()) - NOT_ALONE


def test_another_decision_is_noticed(sqlite_store: Store):
    path = FOLDER / "complaint-a_complaint_goes_its_whole_way.json"
    told = json.loads(path.read_text("utf-8"))
    assert any(step["move"] == "resolve" for step in told["steps"])
    life = read(path)
    peopled(sqlite_store, {**life.limits, "solution": {"amount": 1, "unit": "hours"}})
    try:
        again = Lived(sqlite_store, life).to_the_end()
    except Refused:
        return
    assert list(decisions(again)) != list(decisions(life))
