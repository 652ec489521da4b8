"""Reads policy packs: the amount of each promise, its ladder, its source. Blanks are refused when armed."""

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.calendar import POLICIES, calendar
from models.columns import from_micros, to_micros
from statemachines.lifecycle import Refused
from statemachines.roles import TOP_LEVEL

HOUR = 3_600_000_000


class Unit(StrEnum):
    """The four units, never converted into each other (law 5)."""

    HOURS = "hours"
    BUSINESS_HOURS = "business_hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Row):
    """The amount of one clause. A blank amount is what the source left blank."""

    amount: Annotated[int, Field(gt=0)] | None = None
    unit: Unit | None = None
    calendar: str = "cn-hotline"
    source: str


class Step(_Row):
    """One rung of the ladder: at this share of the budget the case asks this level."""

    percent: Annotated[int, Field(gt=0, le=1000)]
    level: Annotated[int, Field(ge=0, le=TOP_LEVEL)]


class Callbacks(_Row):
    """How often, and in whose working hours, a customer is called (D1)."""

    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    calendar: str = "cn-office"


class Rounds(_Row):
    """After how many rounds a manager must decide (B3); no bound where the source sets none."""

    max: Annotated[int, Field(ge=1)] | None = None


class Pack(_Row):
    """A policy pack: data of one line of business."""

    name: str
    version: str
    document: str
    zone: str
    clauses: dict[str, Limit]
    ladder: Annotated[tuple[Step, ...], Field(min_length=1)]
    callbacks: Callbacks = Callbacks()
    rounds: Rounds = Rounds()

    @property
    def edition(self) -> str:
        """Name and version, as a clock keeps it."""
        return f"{self.name}@{self.version}"

    def armed(self, clause: str, start: int) -> tuple[Limit, int]:
        """The limit and its budget in microseconds from ``start``.

        Raises ``Refused('blank_limit')`` for a limit that is missing, blank or cannot be reckoned (law 6).
        """
        limit = self.clauses.get(clause)
        if limit is None or limit.amount is None or limit.unit is None:
            source = limit.source if limit else ""
            raise Refused("blank_limit", clause=clause, pack=self.name, source=source)
        if limit.unit is Unit.HOURS:
            return limit, limit.amount * HOUR
        if limit.unit is Unit.DAYS:
            due = calendar(limit.calendar).days_later(from_micros(start), limit.amount)
            return limit, to_micros(due) - start
        raise Refused("unit_needs_calendar", clause=clause, pack=self.name, unit=limit.unit)


@cache
def pack(name: str) -> Pack:
    """The pack of that name, checked. Raises ``Refused('unknown_pack' | 'bad_pack')``."""
    known = sorted(path.stem for path in POLICIES.glob("*.toml") if path.stem not in NOT_PACKS)
    if name not in known:
        raise Refused("unknown_pack", pack=name, known=known)
    return load_pack(POLICIES / f"{name}.toml")


NOT_PACKS = frozenset({"calendars", "categories"})


def load_pack(path: Path) -> Pack:
    """Read and check one file; nothing of a bad one is taken."""
    try:
        loaded = Pack.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused("bad_pack", file=path.name, faults=[{"field": "", "why": str(error)}]) from None
    except ValidationError as error:
        raise Refused("bad_pack", file=path.name, faults=_faults(error)) from None
    percents = [step.percent for step in loaded.ladder]
    levels = [step.level for step in loaded.ladder]
    if percents != sorted(set(percents)) or levels != sorted(levels):
        raise Refused("bad_pack", file=path.name, faults=[{"field": "ladder", "why": "percent and level must rise"}])
    for limit in loaded.clauses.values():
        calendar(limit.calendar)
    calendar(loaded.callbacks.calendar)
    return loaded


def _faults(error: ValidationError) -> list[dict[str, Any]]:
    return [{"field": ".".join(map(str, f["loc"])), "why": f["msg"]} for f in error.errors(include_url=False)]
