"""The limit of one promise in a policy pack: amount, source, and overrides for some cases."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import MOST, Unit, due
from models.columns import from_micros, to_micros
from models.contact import Channel, CustomerType
from statemachines.forms import Severity

Text = Annotated[str, Field(min_length=1)]
TRAITS = ("severity", "channel", "customer_type")
"""The columns of a case on which an amount may depend (A5)."""
HOUR = 3_600_000_000


class Row(BaseModel):
    """A part of a pack: unknown keys are refused, and it is immutable."""

    # Built at its first use, as the forms are: most commands read the rules of one sort.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Amount(Row):
    """An amount and the clause of the document it comes from.

    Blank (no amount) is what the document left blank. ``contradicts`` tells where the document says something
    else; such a limit holds no amount, for none of the two is the right one until the owner of the rules says so.
    """

    amount: Annotated[int, Field(gt=0, le=MOST, strict=True)] | None = None
    unit: Unit | None = None
    source: Text
    contradicts: Text | None = None

    @model_validator(mode="after")
    def _takes_no_side(self) -> Self:
        if self.contradicts is not None and self.amount is not None:
            raise PydanticCustomError(
                "pack.contradictory",
                "a contradictory limit has no amount: take it out, or settle the contradiction",
            )
        return self


class When(_Amount):
    """An override for cases with these traits; unit and calendar default to those of the clause."""

    severity: Severity | None = None
    channel: Channel | None = None
    customer_type: CustomerType | None = None
    calendar: str | None = None

    @property
    def traits(self) -> dict[str, str]:
        """Return the traits that a case must have."""
        named = {trait: getattr(self, trait) for trait in TRAITS}
        return {trait: str(value) for trait, value in named.items() if value is not None}

    def __str__(self) -> str:
        return ", ".join(f"{trait}={value}" for trait, value in self.traits.items())

    def holds(self, traits: Mapping[str, str | None]) -> bool:
        """Return whether the override applies to a case with these traits."""
        return all(traits.get(trait) == value for trait, value in self.traits.items())


class Limit(_Amount):
    """The limit of one clause, with its overrides."""

    calendar: str = "cn-hotline"
    when: tuple[When, ...] = ()

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        if not all(override.traits for override in self.when):
            raise PydanticCustomError("pack.no_trait", "each when names one of: {known}", {"known": ", ".join(TRAITS)})
        for first, second in combinations(self.when, 2):
            if _torn(first.traits, second.traits, self.when):
                raise PydanticCustomError(
                    "pack.ambiguous",
                    "a case may be meant by ({first}) and by ({second}): say what holds for both together",
                    {"first": str(first), "second": str(second)},
                )
        return self

    def of(self, traits: Mapping[str, str | None]) -> "Limit":
        """Return the limit for a case with these traits: of the overrides that apply, the most specific one."""
        if not self.when:
            return self
        override = self._applying(traits)
        return self.model_copy(update={"when": ()}) if override is None else self.overridden(override)

    def is_blank_for(self, traits: Mapping[str, str | None]) -> bool:
        """Return whether a case with these traits has no amount."""
        override = self._applying(traits)
        if override is None:
            return self.blank
        return override.amount is None or (override.unit or self.unit) is None

    def _applying(self, traits: Mapping[str, str | None]) -> When | None:
        applying = [override for override in self.when if override.holds(traits)]
        return max(applying, key=lambda override: len(override.traits)) if applying else None

    def overridden(self, override: When) -> "Limit":
        """Return an override as a complete limit."""
        return Limit(
            amount=override.amount,
            unit=override.unit or self.unit,
            source=override.source,
            contradicts=override.contradicts,
            calendar=override.calendar or self.calendar,
        )

    @property
    def blank(self) -> bool:
        """Return whether the limit has no amount."""
        return self.amount is None or self.unit is None


def _torn(first: Mapping[str, str], second: Mapping[str, str], rows: tuple[When, ...]) -> bool:
    """Return whether two overrides of equal rank may mean one case, and no third one decides between them."""
    both = {**first, **second}
    apart = any(first[trait] != second[trait] for trait in first.keys() & second.keys())
    if apart or len(first) != len(second):
        return False
    return len(both) == len(first) or all(row.traits != both for row in rows)


def budget_of(limit: Limit, place: Calendar, start: int) -> int:
    """Return the allowance in microseconds: working time for business hours, else the time from ``start`` to the end.

    Raises ``Refused('deadline_too_far' | 'calendar_never_open')``.
    """
    assert limit.amount is not None, "a blank limit has no allowance; Pack.limit returns none"
    assert limit.unit is not None, "a blank limit has no allowance; Pack.limit returns none"
    if limit.unit in {Unit.HOURS, Unit.BUSINESS_HOURS}:
        return limit.amount * HOUR
    return to_micros(due(place, from_micros(start), limit.amount, limit.unit)) - start
