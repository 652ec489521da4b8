"""Reads policy packs: the amount of each promise, its ladder, its source. Blanks are refused when armed."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError

from engine.calendar import POLICIES, calendar
from engine.deadlines import Unit, due
from engine.limits import Limit, Row, Text
from models.columns import from_micros, to_micros
from statemachines.lifecycle import Refused
from statemachines.roles import TOP_LEVEL

HOUR = 3_600_000_000


class Step(Row):
    """One rung of the ladder: at this share of the budget the case asks this level."""

    percent: Annotated[int, Field(gt=0, le=1000)]
    level: Annotated[int, Field(ge=0, le=TOP_LEVEL)]


class Callbacks(Row):
    """How often, and in whose working hours, a customer is called (D1).

    ``trigger`` is what the window is counted from, ``window`` names the clause that holds its length.
    """

    trigger: Literal["receipt", "completion", "acceptance"] | None = None
    window: str | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    calendar: str = "cn-office"


class Rounds(Row):
    """After how many rounds a manager must decide (B3); no bound where the source sets none."""

    max: Annotated[int, Field(ge=1)] | None = None


class Indicator(Row):
    """A target the document sets for a figure (E2), in points of 100 or in percent, with its operator."""

    operator: Literal["<", "<=", ">=", ">"]
    target: Annotated[Decimal, Field(ge=0, le=100)]
    of: Literal["points", "percent"]
    source: Text


class Pack(Row):
    """A policy pack: data of one line of business."""

    name: str
    version: str
    document: str
    effective_from: date | None = None
    zone: str
    clauses: dict[str, Limit]
    ladder: Annotated[tuple[Step, ...], Field(min_length=1)]
    callbacks: Callbacks = Callbacks()
    rounds: Rounds = Rounds()
    indicators: Annotated[dict[str, Indicator], Field(default_factory=dict)]

    @property
    def edition(self) -> str:
        """Name and version, as a clock keeps it."""
        return f"{self.name}@{self.version}"

    def limit(self, clause: str, traits: Mapping[str, str | None]) -> Limit:
        """The limit for a case with these traits (``severity``, ``channel``), without regard to any clock.

        Raises ``Refused('blank_limit' | 'contradictory_limit')`` (law 6).
        """
        if clause not in self.clauses:
            raise Refused("blank_limit", clause=clause, pack=self.name, source="")
        limit = self.clauses[clause].of(traits)
        told = {"clause": clause, "pack": self.name, "source": limit.source}
        if limit.contradicts is not None:
            raise Refused("contradictory_limit", contradicts=limit.contradicts, **told)
        if limit.blank:
            raise Refused("blank_limit", **told)
        return limit

    def armed(self, clause: str, start: int) -> tuple[Limit, int]:
        """The limit and its budget in microseconds: of working time for business hours, else from ``start``.

        Raises ``Refused('blank_limit')`` for a limit that is missing or blank (law 6).
        """
        limit = self.clauses.get(clause)
        if limit is None or limit.amount is None or limit.unit is None:
            source = limit.source if limit else ""
            raise Refused("blank_limit", clause=clause, pack=self.name, source=source)
        if limit.unit in {Unit.HOURS, Unit.BUSINESS_HOURS}:
            return limit, limit.amount * HOUR
        end = due(calendar(limit.calendar), from_micros(start), limit.amount, limit.unit)
        return limit, to_micros(end) - start


@cache
def pack(name: str) -> Pack:
    """The pack of that name, checked. Raises ``Refused('unknown_pack' | 'bad_pack')``."""
    if name not in names():
        raise Refused("unknown_pack", pack=name, known=names())
    return load_pack(POLICIES / f"{name}.toml")


NOT_PACKS = frozenset({"calendars", "categories"})


def names() -> list[str]:
    """The packs there are."""
    return sorted(path.stem for path in POLICIES.glob("*.toml") if path.stem not in NOT_PACKS)


def load_pack(path: Path) -> Pack:
    """Read and check one file; nothing of a bad one is taken. Raises ``Refused('bad_pack')``."""
    try:
        loaded = Pack.model_validate(tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused("bad_pack", file=path.name, faults=[{"field": "", "why": str(error)}]) from None
    except ValidationError as error:
        raise Refused("bad_pack", file=path.name, faults=_faults(error)) from None
    if faults := [{"field": field, "why": why} for field, why in _doubts(loaded, path.stem)]:
        raise Refused("bad_pack", file=path.name, faults=faults)
    return loaded


def _faults(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": ".".join(map(str, fault["loc"])), "why": fault["msg"].removeprefix("Value error, ")}
        for fault in error.errors(include_url=False)
    ]


def _doubts(pack: Pack, file: str) -> Iterator[tuple[str, str]]:
    """What each piece alone does not show: field and reason."""
    if pack.name != file:
        yield "name", f"is not the name of the file, {file}"
    if pack.zone not in available_timezones():
        yield "zone", f"there is no zone {pack.zone}; write it like Asia/Shanghai"
    percents = [step.percent for step in pack.ladder]
    levels = [step.level for step in pack.ladder]
    if percents != sorted(set(percents)) or levels != sorted(levels):
        yield "ladder", "percent and level must rise"
    if pack.callbacks.window is not None and pack.callbacks.window not in pack.clauses:
        yield "callbacks.window", f"names no clause of the pack: {', '.join(pack.clauses)}"
    for field, name in _calendars(pack):
        try:
            calendar(name)
        except Refused as refused:
            yield field, f"{refused.code}: {name}; known: {', '.join(refused.params.get('known', ()))}"


def _calendars(pack: Pack) -> Iterator[tuple[str, str]]:
    yield "callbacks.calendar", pack.callbacks.calendar
    for clause, limit in pack.clauses.items():
        yield f"clauses.{clause}.calendar", limit.calendar
        for at, one in enumerate(limit.when):
            yield f"clauses.{clause}.when.{at}.calendar", one.calendar or limit.calendar
