"""A scenario of a simulation: the staff, the moves they make and when, and how customers answer the telephone."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from engine.actors import NOBODY, NewActor, add_actor
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from flows.work import Work
from gateways.charset import read_text
from gateways.problems import Unreadable
from models.columns import from_micros
from models.instants import Instant
from models.toml_text import BadToml, parsed_toml
from statemachines.lifecycle import Refused
from statemachines.roles import Role

SPAN = re.compile(r"(\d+)\s*([dhm])")
UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}

CONTACT_TIMES = """
SELECT row_id, at FROM arrival WHERE part = 'contact'
"""
CASE_OF_CONTACT = """
SELECT c.number FROM arrival a JOIN cases c ON c.id = a.case_id WHERE a.part = 'contact' AND a.row_id = :row_id
"""


def span(text: object) -> timedelta:
    """Parse a span such as ``1d 2h 30m``. Raises ``ValueError``."""
    parts = SPAN.findall(str(text))
    if not parts or SPAN.sub("", str(text)).strip():
        raise ValueError("a span reads like 1d 2h 30m")
    return sum((int(number) * UNITS[unit] for number, unit in parts), timedelta())


def person(handle: str) -> str:
    """Return the handle of a person. Raises ``ValueError`` for the system's and the import's."""
    if handle in NOBODY:
        raise ValueError(f"{handle} is no person")
    return handle


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Player(_Row):
    """A member of staff."""

    handle: str
    roles: tuple[Role, ...]
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None


class ScenarioStep(_Row):
    """A move that a person makes with a contact's case, a span after the contact came."""

    contact: str
    after: Annotated[timedelta, BeforeValidator(span)]
    by: Annotated[str, AfterValidator(person)]
    move: str
    set: Mapping[str, Any] = {}


class CallAnswers(_Row):
    """A customer's answers to his callbacks, by attempt."""

    contact: str
    answers: tuple[str | Mapping[str, Any], ...]


class Scenario(_Row):
    """Everything that people do in a simulation."""

    start: Instant | None = None
    until: Instant | None = None
    actor: tuple[Player, ...] = ()
    step: tuple[ScenarioStep, ...] = ()
    call: tuple[CallAnswers, ...] = ()

    @property
    def script(self) -> dict[str, tuple[str | Mapping[str, Any], ...]]:
        """The telephone's answers by row id."""
        return {call.contact: call.answers for call in self.call}


def load_scenario(path: Path, encoding: str | None = None) -> Scenario:
    """Read and check a scenario. Raises ``Refused('bad_scenario')`` with the place and the reason.

    Without a named ``encoding`` it is found by evidence.
    """
    try:
        return Scenario.model_validate(parsed_toml(read_text(path, encoding)[0]))
    except (OSError, Unreadable, BadToml) as error:
        raise Refused("bad_scenario", file=path.name, why=str(error)) from None
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors()[:5])
        raise Refused("bad_scenario", file=path.name, why=reason) from None


def hire(store: Store, scenario: Scenario) -> None:
    """Add the scenario's staff."""
    with store.writing() as tx:
        for player in scenario.actor:
            new = NewActor(player.handle, player.roles, player.department, player.boss, player.locale, player.email)
            add_actor(tx, new)


@dataclass
class Staff:
    """The staff of a scenario: each step is made at its time, once, under a key."""

    steps: list[tuple[datetime, int, ScenarioStep]]
    refused: Counter[str] = field(default_factory=Counter[str])

    def next_act(self) -> datetime | None:
        """Return when somebody acts next."""
        return self.steps[0][0] if self.steps else None

    def act(self, work: Work, now: datetime) -> int:
        """Make the moves that are due; returns how many. A refused one is counted by its code."""
        made = 0
        while self.steps and self.steps[0][0] <= now:
            _, index, step = self.steps.pop(0)
            try:
                made += self._make(work.store, index, step, now)
            except Refused as refused:
                self.refused[f"{step.contact} {step.move}: {refused.code}"] += 1
        return made

    def _make(self, store: Store, index: int, step: ScenarioStep, now: datetime) -> bool:
        """Make a move; return False if it was made before, by a run that was killed at this instant."""
        with store.looking() as tx:
            row = tx.row(CASE_OF_CONTACT, row_id=step.contact)
        if row is None:
            raise Refused("unknown_case", number=step.contact)
        return not advance(store, Command(row.number, step.move, step.set, step.by, key=f"scenario:{index}"), now).again


def staff(store: Store, scenario: Scenario, now: datetime) -> Staff:
    """Return the staff with the steps still to come, in order of time.

    Those of this very instant are among them: a run that is killed has set the clock, but may not have made them all.
    """
    with store.looking() as tx:
        contact_times = {row.row_id: from_micros(row.at) for row in tx.rows(CONTACT_TIMES)}
    unknown = sorted({step.contact for step in scenario.step} - set(contact_times))
    if unknown:
        raise Refused("bad_scenario", file="", why=f"unknown contact {unknown[0]}")
    steps = [(contact_times[step.contact] + step.after, index, step) for index, step in enumerate(scenario.step)]
    return Staff(sorted((step for step in steps if step[0] >= now), key=lambda step: step[:2]))
