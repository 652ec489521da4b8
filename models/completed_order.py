"""An order of another system and the score that its customer gave, as far as indicators count them (E2)."""

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


class ScoreLeftOut(StrEnum):
    """Why a row is not counted as the score of an order."""

    UNREADABLE = "unreadable_score"
    NO_ORDER = "score_of_no_order"
    """The score of an order that is not counted: unknown, not completed, or left out itself."""
    REPEATED = "repeated_score"
    """The same score of the same order, said again; it is counted once."""
    CONTRADICTORY = "contradictory_score"
    """An order with two different scores; none of them is counted."""


class Lateness(StrEnum):
    """How many days after the promised one an order was completed."""

    ON_TIME = "on_time"
    DAYS_1_TO_3 = "late_1_to_3"
    DAYS_4_TO_7 = "late_4_to_7"
    DAYS_8_OR_MORE = "late_8_or_more"

    @classmethod
    def of(cls, days: int) -> "Lateness":
        """Return the lateness of so many days; 0 or less is on time."""
        bounds = ((0, cls.ON_TIME), (3, cls.DAYS_1_TO_3), (7, cls.DAYS_4_TO_7))
        return next((lateness for most, lateness in bounds if days <= most), cls.DAYS_8_OR_MORE)


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


@dataclass(frozen=True, slots=True)
class OrderScore:
    """A row of a file of scores: 1 to 5, None where it cannot be read; ``given_at`` is None where it is not said."""

    order: str
    score: int | None
    given_at: datetime | None
