"""An event of another system's log, and its meaning according to a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event as the log has it. ``row`` counts the events from 1; ``at`` is aware, None where the log has no time.

    ``place`` is where people find it: the row of a table, or the number of the event in another log.

    ``values`` are the other attributes of the event and ``of_case`` those of its case, by their names in the log.
    ``flags`` names the rules of the mapping that the event's time or its case's record contradicts.
    """

    row: int
    case: str
    word: str
    at: datetime | None
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    of_case: Mapping[str, str] = field(default_factory=dict[str, str])
    flags: tuple[str, ...] = ()
    place: int = 0


@dataclass(frozen=True, slots=True)
class MappedEvent:
    """The meaning of an event: a move, a state that the case has reached, or nothing and the reason.

    Exactly one of ``move``, ``state``, ``ignored`` and ``unknown`` is set. ``ignored`` is the mapping's reason;
    ``unknown`` is a word that the mapping lacks. ``form`` holds the values of the move's form.

    ``also`` holds alternatives. Alternative moves are tried in turn if the first is not possible in the case's state
    ("assigned" classifies a new case and reclassifies an old one). Alternative states count as the first one ("active"
    may be classified or investigated): a case in any of them stays there, and a bridge leads to the first.

    ``fill`` holds values by field name for the forms of moves that the log does not name: of a move that leads to a
    state, or of an inferred one. A form takes those that it has fields for.

    ``inferred`` says that the log itself marks the event as inferred, as our own export does. ``sla`` is what the log
    says of its promise: ``kept``, ``broken``, or nothing. ``seq`` is the number by which other events of the case name
    this one; 0 where the log has none.
    """

    event: LogEvent
    move: str = ""
    state: str = ""
    ignored: str = ""
    unknown: str = ""
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])
    actor: str | None = None
    department: str | None = None
    also: tuple[str, ...] = ()
    fill: Mapping[str, Any] = field(default_factory=dict[str, Any])
    inferred: bool = False
    sla: str = ""
    seq: int = 0
