"""Read policy packs: the amount of each promise, its source, and the escalation ladder."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from engine.calendars.calendar import POLICIES, Calendar, calendar
from engine.rules.care_section import Care
from engine.rules.limits import Limit, Row, Text
from engine.rules.pack_sections import (
    Alerts,
    AppraisalFormula,
    Bound,
    Callbacks,
    Evaluation,
    Indicator,
    LadderStep,
    Level,
    Rounds,
    Staffing,
    Surveys,
    ThirdParty,
)
from engine.rules.phone_calls import PhoneCalls, phone_faults
from models.telephone_numbers import HOME_REGION
from models.toml_text import BadToml, parsed_toml
from models.zones import is_zone
from statemachines.form_faults import file_faults
from statemachines.forms import Severity
from statemachines.lifecycle import Refused
from statemachines.rule_faults import Fault, refused_fault, rule_fault, unreadable_fault
from statemachines.vocabulary import Windows


class Pack(Row):
    """A policy pack: data of one line of business.

    ``clauses`` are the promises, some of them blank; ``unpromised`` names the clauses that the document promises
    nothing of, and why. Neither a blank nor an unpromised clause starts a timer; the blank one is named as not set.
    ``staffing`` says what is asked of the people who work, ``care`` when customers are greeted; without it nobody is.
    ``severity_levels`` says whom a case of some severity asks at once (B6), ``phone`` what a caller is asked (A1).
    A telephone number without a country code belongs to ``region`` (ISO 3166). Without ``evaluation`` no cycle opens,
    without ``third_party`` no score of a third party is compared, and without ``surveys`` no survey does.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    version: Text
    document: str
    effective_from: date | None = None
    zone: str
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = HOME_REGION
    clauses: dict[str, Limit]
    unpromised: Annotated[dict[str, Text], Field(default_factory=dict)]
    ladder: Annotated[tuple[LadderStep, ...], Field(min_length=1)]
    phone: PhoneCalls = PhoneCalls(mandatory={})
    callbacks: Callbacks = Callbacks()
    alerts: Alerts = Alerts()
    rounds: Rounds = Rounds()
    evaluation: Evaluation | None = None
    surveys: Surveys | None = None
    staffing: Staffing | None = None
    care: Care | None = None
    appraisal: AppraisalFormula | None = None
    third_party: ThirdParty | None = None
    bounds: Annotated[dict[str, Bound], Field(default_factory=dict)]
    severity_levels: Annotated[dict[Severity, Level], Field(default_factory=dict)]
    indicators: Annotated[dict[str, Indicator], Field(default_factory=dict)]

    @property
    def edition(self) -> str:
        """Return name and version, as a timer stores it."""
        return f"{self.name}@{self.version}"

    @cached_property
    def windows(self) -> Windows:
        """Return what guards read of rounds, attempts and ends."""
        rounds = self.rounds
        return Windows(
            rectifications=rounds.rectifications,
            apart=timedelta(hours=self.callbacks.apart_hours),
            reopen=None if rounds.reopen_days is None else timedelta(days=rounds.reopen_days),
            undo=None if rounds.undo_days is None else timedelta(days=rounds.undo_days),
        )

    @cached_property
    def amounts(self) -> Mapping[str, int | None]:
        """Return the amounts of the bounds, as guards compare with them."""
        return MappingProxyType({name: bound.amount for name, bound in self.bounds.items()})

    @cached_property
    def percents(self) -> tuple[int, ...]:
        """Return the shares of an allowance at which the ladder has a step."""
        return tuple(step.percent for step in self.ladder)

    def __getstate__(self) -> dict[Any, Any]:
        """Return what another process is sent: the pack as it was given, without what was computed of it."""
        state = super().__getstate__()
        given = {name: value for name, value in state["__dict__"].items() if name in type(self).model_fields}
        return {**state, "__dict__": given}

    @model_validator(mode="after")
    def _takes_no_promise_back(self) -> Self:
        if both := sorted(self.clauses.keys() & self.unpromised.keys()):
            raise PydanticCustomError(
                "pack.promised_and_not",
                "{clauses}: stands in clauses and in unpromised; take it out of one of them",
                {"clauses": ", ".join(both)},
            )
        return self

    def limit(self, clause: str, traits: Mapping[str, str | None]) -> Limit | None:
        """Return the limit for a case with these traits (``engine.rules.limits.TRAITS``).

        None where no timer can start: the pack promises nothing of the kind, or the limit is not set (``is_unset``).
        """
        limit = self.clauses[clause].of(traits) if clause in self.clauses else None
        return None if limit is None or limit.blank else limit

    def is_unset(self, clause: str, traits: Mapping[str, str | None]) -> bool:
        """Return whether the pack promises the clause to such a case and sets no limit for it.

        A blank and a contradictory limit are not set, and so is that of a clause that the pack does not mention.
        """
        if clause in self.unpromised:
            return False
        return clause not in self.clauses or self.clauses[clause].is_blank_for(traits)

    def bound(self, name: str) -> int | None:
        """Return the amount of a bound; None where the pack lacks it or leaves it blank: then it admits no amount."""
        return self.bounds[name].amount if name in self.bounds else None


@cache
def pack(name: str) -> Pack:
    """Return the checked pack of that name. Raises ``Refused('unknown_pack' | 'bad_pack')``."""
    if name not in names():
        raise Refused("unknown_pack", pack=name, known=names())
    return load_pack(POLICIES / f"{name}.toml")


NOT_PACKS = frozenset({"calendars", "categories", "departments"})


def names() -> list[str]:
    """Return the names of the shipped packs."""
    return sorted(path.stem for path in POLICIES.glob("*.toml") if path.stem not in NOT_PACKS)


def load_pack(path: Path) -> Pack:
    """Read and check one file. Raises ``Refused('bad_pack')``."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("bad_pack", file=path.name, faults=[unreadable_fault(error)]) from None
    pack = checked(text, path.name, calendar)
    if pack.name != path.stem:
        fault = rule_fault("name", "file.other_name", "is not the name of the file, {name}", name=path.stem)
        raise Refused("bad_pack", file=path.name, faults=[fault])
    return pack


def checked(text: str, file: str, known: Callable[[str], Calendar]) -> Pack:
    """Return the pack of a text. Raises ``Refused('bad_pack')`` with every fault; ``known`` are the calendars."""
    pack = parsed(text, file)
    if faults := list(_doubts(pack, known)):
        raise Refused("bad_pack", file=file, faults=faults)
    return pack


def parsed(text: str, file: str) -> Pack:
    """Return the pack of a text, each part checked by itself. Raises ``Refused('bad_pack')``."""
    try:
        return Pack.model_validate(parsed_toml(text, Decimal))
    except BadToml as error:
        raise Refused("bad_pack", file=file, faults=[unreadable_fault(error)]) from None
    except ValidationError as error:
        raise Refused("bad_pack", file=file, faults=file_faults(error)) from None


def _doubts(pack: Pack, known: Callable[[str], Calendar]) -> Iterator[Fault]:
    """Yield the faults between parts of the pack."""
    if not is_zone(pack.zone):
        why = "there is no zone {zone}; write it like Asia/Shanghai"
        yield rule_fault("zone", "file.unknown_zone", why, zone=pack.zone)
    percents = [step.percent for step in pack.ladder]
    levels = [step.level for step in pack.ladder]
    if percents != sorted(set(percents)) or levels != sorted(levels):
        yield rule_fault("ladder", "pack.ladder", "percent and level must rise")
    if pack.callbacks.window is not None and pack.callbacks.window not in pack.clauses:
        why = "names no clause of the pack: {known}"
        yield rule_fault("callbacks.window", "pack.no_clause", why, known=pack.clauses)
    yield from phone_faults(pack.phone)
    for field, name in _calendars(pack):
        try:
            known(name)
        except Refused as refused:
            why = f"{refused.code}: {name}; known: {', '.join(refused.params.get('known', ()))}"
            yield refused_fault(field, why, refused)


def _calendars(pack: Pack) -> Iterator[tuple[str, str]]:
    yield "callbacks.calendar", pack.callbacks.calendar
    if pack.alerts.calendar is not None:
        yield "alerts.calendar", pack.alerts.calendar
    for clause, limit in pack.clauses.items():
        yield f"clauses.{clause}.calendar", limit.calendar
        for at, override in enumerate(limit.when):
            yield f"clauses.{clause}.when.{at}.calendar", override.calendar or limit.calendar
