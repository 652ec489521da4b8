"""What could not be worked on: cases whose due work failed, and when it is tried again."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Parked(SQLModel, table=True):
    """Work of one sort (clock, callback) that failed for a case, so many times at this version of it.

    ``next_at`` is the next try, empty once it waits for a person. ``reason`` is a refusal's code or an error's
    type. ``reported_at`` is when people heard that it fails again and again.
    """

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    work: str = Field(primary_key=True)
    version: int
    tries: int
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str
    reported_at: datetime | None = Field(default=None, sa_type=Instant)
