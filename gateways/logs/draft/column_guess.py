"""What each column of a log was found to hold, and what the operator chose."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateways.logs.draft.sample import Row, Sample
from gateways.logs.draft.time_formats import TimeFormat


class UnknownColumn(Exception):
    """A column that was asked for is not in the log; ``known`` are its columns."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        super().__init__(column)
        self.column, self.known = column, known


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns that the operator chose; empty where the draft is to infer them."""

    case: str = ""
    words: tuple[str, ...] = ()
    at: str = ""

    def check(self, sample: Sample) -> None:
        """Raise ``UnknownColumn`` for one that the log does not have, or has twice."""
        for name in filter(None, (self.case, *self.words, self.at)):
            if name not in sample.columns:
                raise UnknownColumn(name, list(sample.columns))


class SlaGuess(NamedTuple):
    """The column in which the log says whether it kept its promise, and its texts for both answers."""

    column: str
    kept: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(slots=True)
class ColumnGuess:
    """The inferred columns; empty where none was found.

    ``words`` are the columns that make up the word of an event. In a log in which each row is a whole case, ``wide``
    are its columns of times, ``words`` that of its states and ``at`` that of their time; ``told_by_times`` are columns
    of states that say nothing else than the times. ``chosen`` is what the operator chose. ``backwards`` means that the
    newest event comes first, ``lone`` that each case of the sample has one event; ``steps`` is the column of XES's
    lifecycle transitions. ``doubts`` names the choices that nothing but the values speaks for.
    """

    case: str = ""
    words: tuple[str, ...] = ()
    at: str = ""
    chosen: ChosenColumns = ChosenColumns()
    doubts: set[str] = field(default_factory=set[str])
    lone: bool = False
    is_state: bool = False
    backwards: bool = False
    steps: str = ""
    order: str = ""
    told_by_times: tuple[str, ...] = ()
    wide: list[str] = field(default_factory=list[str])
    times: dict[str, TimeFormat] = field(default_factory=dict[str, TimeFormat])
    further: dict[str, str] = field(default_factory=dict[str, str])
    sla: SlaGuess | None = None

    @property
    def word(self) -> str:
        """Return the column of the words, the first of several; empty where there is none."""
        return self.words[0] if self.words else ""

    def word_of(self, row: Row) -> str:
        """Return the word of a record, as a mapping with these columns reads it."""
        return " ".join(" | ".join(filter(None, (row.get(name, "") for name in self.words))).split())

    def used(self) -> set[str]:
        """Return the columns that the draft uses."""
        columns = {self.case, *self.words, self.at, self.order, self.steps, *self.wide}
        return columns | {*self.further.values()} | ({self.sla.column} if self.sla else set[str]())
