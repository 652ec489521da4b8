"""An order of another system, as far as indicators count it (E2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LeftOut(StrEnum):
    """Why a row is not counted as a completed order."""

    NO_ID = "no_id"
    UNREADABLE_TIME = "unreadable_time"
    NOT_COMPLETED = "not_completed"
    COMPLETED_BEFORE_PLACED = "completed_before_placed"
    IN_THE_FUTURE = "in_the_future"
    REPEATED = "repeated"
    """The same order, said again; it is counted once."""
    CONTRADICTORY = "contradictory"
    """An order of which two rows say different things; neither is counted."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of a file of orders. ``attributes`` are pack, channel, customer type and department, as far as it has them.

    ``completed_at`` is None for an order that is not completed; ``unreadable`` says that a time of it cannot be read.
    """

    order: str
    customer: str
    placed_at: datetime | None
    completed_at: datetime | None
    promised_at: datetime | None
    attributes: Mapping[str, str]
    unreadable: bool = False
