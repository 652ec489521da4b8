"""What the file of an indicator holds (E2): its queries, filters, target, and the clause of the source."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from engine.rules.limits import Row, Text
from engine.rules.rule_files import NamedRules

Filters = dict[str, tuple[Text, ...]]


class Statistic(StrEnum):
    """How the value is made of the queries."""

    SHARE = "share"
    """The numerator in percent of the denominator, of whose facts it counts some."""
    RATE = "rate"
    """The numerator in percent of a denominator of other facts."""
    MEAN = "mean"
    """The numerator for each fact of the denominator."""
    MEDIAN = "median"
    P90 = "p90"
    SUM = "sum"
    COMPOSITE = "composite"
    """The weighted mean of other indicators."""


class Unit(StrEnum):
    """The unit of the value."""

    PERCENT = "percent"
    POINTS = "points"
    HOURS = "hours"
    FEN = "fen"
    TIMES = "times"


class Side(Row):
    """A named query, and the filters that hold for it alone."""

    query: Text
    filters: Filters = Field(default_factory=dict)


class Target(Row):
    """The target that the source sets, with its operator."""

    operator: Literal["<", "<=", ">=", ">"]
    amount: Annotated[Decimal, Field(ge=0)]
    source: Text


class Part(Row):
    """An indicator of which a composite one is made, and its weight in percent."""

    indicator: Text
    weight: Annotated[int, Field(gt=0, le=100, strict=True)]


class Indicator(NamedRules):
    """One edition of an indicator. ``filters`` hold for numerator and denominator.

    Periods begin at midnight in ``zone``. The target is its own, or that of the ``pack_target`` in the policy pack of
    the cases. A figure of fewer facts than ``smallest_sample`` is marked as one of a small sample.
    """

    unit: Unit
    statistic: Statistic
    zone: Text
    numerator: Side | None = None
    denominator: Side | None = None
    parts: tuple[Part, ...] = ()
    filters: Filters = Field(default_factory=dict)
    target: Target | None = None
    pack_target: Text | None = None
    smallest_sample: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 30
    label: dict[str, Text]
    meaning: dict[str, Text]

    def filters_of(self, side: Side) -> Filters:
        """Return the filters of a side: its own, and those of the indicator."""
        both = dict(self.filters)
        for name, values in side.filters.items():
            both[name] = tuple(value for value in values if name not in both or value in both[name])
        return both

    @property
    def sides(self) -> dict[str, Side]:
        """Return numerator and denominator, as far as the indicator has them, by name."""
        pairs = (("numerator", self.numerator), ("denominator", self.denominator))
        return {name: side for name, side in pairs if side is not None}
