"""Parked work: cases whose due work failed, and when it is tried again."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Parked(SQLModel, table=True):
    """Work of one sort (timer, callback) that failed ``tries`` times for this version of a case.

    ``next_at`` is the next try, empty once the work waits for a person. ``reason`` is the code of a refusal or the type
    of an error. ``reported_at`` is when people were notified.
    """

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    work: str = Field(primary_key=True)
    version: int
    tries: int
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str
    reported_at: datetime | None = Field(default=None, sa_type=Instant)
