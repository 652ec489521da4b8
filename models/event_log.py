"""An event log for export: traces, events and objects, the same for XES, CSV, XLSX, JSONL and OCEL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

Value = str | int | float | bool | datetime
"""The value of an attribute; instants are aware and in UTC."""

CASE, MOVE, AT, WHO, LIFECYCLE = (
    "concept:name",
    "concept:name",
    "time:timestamp",
    "org:resource",
    "lifecycle:transition",
)
"""The names by which the standard extensions know a case, an event, its instant, who made it, and its phase."""

OF_CASE = "case:"
"""The prefix of a case's attributes in a table, where they are repeated on each row."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One transition. ``concerns`` are the objects it touches besides its case: (id, qualifier)."""

    seq: int
    values: Mapping[str, Value]
    concerns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """A case and its events, in order. The events are read lazily: once, and before those of the next history."""

    values: Mapping[str, Value]
    events: Iterable[TraceEvent]

    @property
    def number(self) -> str:
        """Return the number of the case."""
        return str(self.values[CASE])


@dataclass(frozen=True, slots=True)
class TraceObject:
    """An object of an object-centric log: a case, a party, an actor, a department, a timer.

    ``values`` hold at the instant ``at``; ``belongs`` are the objects it belongs to: (id, qualifier).
    """

    id: str
    sort: str
    at: datetime
    values: Mapping[str, Value]
    belongs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """The histories to export, and the names of the attributes of cases and events, in order.

    ``objects`` are read after the histories, and only by an object-centric log.
    """

    case_keys: tuple[str, ...]
    event_keys: tuple[str, ...]
    histories: Iterable[History]
    objects: Iterable[TraceObject]
