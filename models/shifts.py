"""Shifts of a duty roster as plain values: those that come again each week or holiday, and those of given instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY: Final = "holiday"
"""A shift of this day is worked on the public holidays of the roster's calendar, in place of those of the weekday."""
HOUSE: Final = ""
"""Stands for the whole house where a department is named."""
NOT_NEEDED: Final = "-"
"""Stands in place of a person while nobody has to be on duty, as in office hours."""


@dataclass(frozen=True, slots=True)
class WeeklyShift:
    """A shift that begins on each of ``days`` at a local time; it ends on the next day unless ``ends`` is later.

    ``person`` is a handle or ``NOT_NEEDED``; ``department`` a code or ``HOUSE``.
    """

    department: str
    level: int
    days: frozenset[str]
    begins: time
    ends: time
    person: str


@dataclass(frozen=True, slots=True)
class DatedShift:
    """A shift of [``starts_at``, ``ends_at``)."""

    department: str
    level: int
    starts_at: datetime
    ends_at: datetime
    person: str


Shift = WeeklyShift | DatedShift


@dataclass(frozen=True, slots=True)
class ReadShifts:
    """The shifts of a file. Those of given instants reach to ``until``; None where all of them come again."""

    shifts: Sequence[Shift]
    until: datetime | None = None
