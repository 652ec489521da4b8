"""What was forecast of the promises that fell due on a day, to be compared with what came true (K1)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class DayForecast(SQLModel, table=True):
    """The forecast of one timer that was due on a day, as it was first made on that day.

    ``day`` is the local date as ISO text, ``due_at`` when the limit was used up as it stood at ``made_at``.
    ``probability`` is that of a breach, in millionths, ``model`` the version of the model.
    """

    __tablename__ = "day_forecast"  # pyright: ignore[reportAssignmentType]

    day: str = Field(primary_key=True)
    timer_id: int = Field(primary_key=True, foreign_key="timer.id", sa_type=BigId)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    made_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    probability: int
    model: str
