"""What a report holds that is written on paper: sections with texts, a table and trends, before a format is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Cell = str | int | Decimal | None
"""A text, or a number of which the format decides how it looks; None leaves the cell empty."""


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table: the heads of its columns, and its rows."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class PaperTrend:
    """The values of a figure by period, oldest first, with a target or None; None where a period has no value.

    ``digits`` says with how many digits after the point they are shown.
    """

    label: str
    periods: Sequence[str]
    values: Sequence[Decimal | None]
    target: Decimal | None = None
    digits: int = 1


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A part of a report. ``name`` is short, for the tab of a workbook; ``printed`` is False for what only a workbook
    shows."""

    name: str
    heading: str
    texts: Sequence[str] = ()
    table: PaperTable | None = None
    trends: Sequence[PaperTrend] = field(default_factory=tuple[PaperTrend, ...])
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Paper:
    """A report: its title, what is said above all sections, and the sections in order."""

    title: str
    texts: Sequence[str]
    sections: Sequence[PaperSection]
