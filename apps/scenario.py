"""A scenario: the staff, what they do and when, and how customers answer the telephone."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from engine.actors import NewActor, add_actor
from engine.commands.advance import Command, advance
from engine.store import Store
from flows.work import Work
from models.columns import from_micros
from statemachines.lifecycle import Refused
from statemachines.roles import Role

SPAN = re.compile(r"(\d+)\s*([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}

WHEN = """
SELECT row_id, at FROM arrival WHERE part = 'contact'
"""
CASE = """
SELECT c.number FROM arrival a JOIN cases c ON c.id = a.case_id WHERE a.part = 'contact' AND a.row_id = :row_id
"""


def span(text: object) -> timedelta:
    """``1d 2h 30m`` as a span of time. Raises ``ValueError`` for anything else."""
    found = SPAN.findall(str(text))
    if not found or SPAN.sub("", str(text)).strip():
        raise ValueError("a span reads like 1d 2h 30m")
    return sum((int(number) * UNITS[unit] for number, unit in found), timedelta())


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Player(_Row):
    """One of the staff."""

    handle: str
    roles: tuple[Role, ...]
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None


class Step(_Row):
    """What a person does with a contact's case, so long after the contact came."""

    contact: str
    after: Annotated[timedelta, BeforeValidator(span)]
    by: str
    move: str
    set: Mapping[str, Any] = {}


class Answers(_Row):
    """How a customer answers his callbacks, attempt by attempt."""

    contact: str
    answers: tuple[str | Mapping[str, Any], ...]


class Scenario(_Row):
    """Everything that happens by human hand in a simulation."""

    start: AwareDatetime | None = None
    until: AwareDatetime | None = None
    actor: tuple[Player, ...] = ()
    step: tuple[Step, ...] = ()
    call: tuple[Answers, ...] = ()

    @property
    def script(self) -> dict[str, tuple[str | Mapping[str, Any], ...]]:
        """The telephone's script by row."""
        return {call.contact: call.answers for call in self.call}


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario. Raises ``Refused('bad_scenario')`` with the place and the reason."""
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused("bad_scenario", file=path.name, why=str(error)) from None
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors()[:5])
        raise Refused("bad_scenario", file=path.name, why=why) from None


def hire(store: Store, scenario: Scenario) -> None:
    """Add the scenario's staff."""
    with store.writing() as tx:
        for one in scenario.actor:
            add_actor(tx, NewActor(one.handle, one.roles, one.department, one.boss, one.locale, one.email))


@dataclass
class Staff:
    """The cast of a scenario: each step is made at its hour, once, under a key."""

    steps: list[tuple[datetime, int, Step]]
    refused: Counter[str] = field(default_factory=Counter[str])

    def next_act(self) -> datetime | None:
        """When somebody acts next."""
        return self.steps[0][0] if self.steps else None

    def act(self, work: Work, now: datetime) -> int:
        """Make the moves whose hour has come; a refused one is counted by its code."""
        made = 0
        while self.steps and self.steps[0][0] <= now:
            _, index, step = self.steps.pop(0)
            try:
                self._make(work.store, index, step, now)
            except Refused as refused:
                self.refused[f"{step.contact} {step.move}: {refused.code}"] += 1
            else:
                made += 1
        return made

    def _make(self, store: Store, index: int, step: Step, now: datetime) -> None:
        with store.looking() as tx:
            row = tx.row(CASE, row_id=step.contact)
        if row is None:
            raise Refused("unknown_case", number=step.contact)
        advance(store, Command(row.number, step.move, step.set, step.by, key=f"scenario:{index}"), now)


def staff(store: Store, scenario: Scenario, now: datetime) -> Staff:
    """The steps still to come, by their hour."""
    with store.looking() as tx:
        came = {row.row_id: from_micros(row.at) for row in tx.rows(WHEN)}
    unknown = sorted({step.contact for step in scenario.step} - set(came))
    if unknown:
        raise Refused("bad_scenario", file="", why=f"unknown contact {unknown[0]}")
    steps = [(came[step.contact] + step.after, index, step) for index, step in enumerate(scenario.step)]
    return Staff(sorted((one for one in steps if one[0] > now), key=lambda one: one[:2]))
