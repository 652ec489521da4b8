"""A case's history as other programs' logs tell it: what is the same for XES, CSV, XLSX, JSONL and OCEL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Value = str | int | float | bool | datetime
"""What an attribute of a log holds; instants are aware and in UTC."""

CASE, MOVE, AT, WHO, LIFECYCLE = (
    "concept:name",
    "concept:name",
    "time:timestamp",
    "org:resource",
    "lifecycle:transition",
)
"""The names by which the standard extensions know a case, an event, its instant, who made it, and its phase."""

OF_CASE = "case:"
"""In a table a case's attributes stand on each of its rows, with this before their names."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One move that was made. ``concerns`` are the objects it touches besides its case: (id, as what)."""

    seq: int
    values: Mapping[str, Value]
    concerns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """A case and its moves, in order. The moves are read as they are asked for: once, and before the next history's."""

    values: Mapping[str, Value]
    events: Iterable[TraceEvent]

    @property
    def number(self) -> str:
        """The case's number."""
        return str(self.values[CASE])


@dataclass(frozen=True, slots=True)
class TraceObject:
    """An object of an object-centric log: a case, a party, an actor, a department, a clock.

    ``values`` are told as of ``at``; ``belongs`` are the objects it belongs to: (id, as what).
    """

    id: str
    sort: str
    at: datetime
    values: Mapping[str, Value]
    belongs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """Histories on their way out, and the names of all that may be told of a case and of a move, in order.

    ``things`` are asked for after the histories, by an object-centric log alone.
    """

    case_keys: tuple[str, ...]
    event_keys: tuple[str, ...]
    histories: Iterable[History]
    objects: Iterable[TraceObject]
