"""An event of another system's log as closeloop reads it, and what its words mean for the case it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event as the log has it. ``row`` counts the log's events from 1; ``at`` is aware, None where none is told.

    ``values`` are the event's other attributes and ``of_case`` those of its case, by the names that the log gives them.
    ``flags`` names the mapping's rules that the event's time, or its case's record, contradicts; it is taken as it is.
    """

    row: int
    case: str
    word: str
    at: datetime | None
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    of_case: Mapping[str, str] = field(default_factory=dict[str, str])
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What a mapping makes of an event: a move, a state the case is said to be in, or nothing and why.

    Exactly one of ``move``, ``state``, ``ignored`` and ``unknown`` is not empty. ``ignored`` is the mapping's reason;
    ``unknown`` is a word that the mapping does not know. ``form`` are the values of the move's form.

    ``also`` is what else the word may mean. Other moves are tried in turn where the first one is not to be had from
    where the case stands ("assigned" classifies a new case and reclassifies an old one). Other states are as good as
    the first one ("active" is ours classified as well as investigated): a case in any of them has merely been told of
    again, and a bridge that is needed leads to the first.

    ``fill`` are values by field name for a form that asks for more than ``form`` holds: that of the move which leads to
    a state, or of an inferred one. Which of them a form takes is its own business.
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
