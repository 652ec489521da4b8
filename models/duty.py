"""The duty roster (B11): imported rosters with their shifts, swaps, and alerts to whoever was on duty."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class DutyRoster(SQLModel, table=True):
    """An imported roster. It takes effect on the local date ``valid_from`` (ISO 8601) of its ``calendar``.

    ``source`` names the file. ``digest`` is SHA-256 over what was imported: the same roster is imported once.
    ``until`` is where the shifts of given instants end; it is empty where all shifts come again. Rows never change.
    """

    __tablename__ = "duty_roster"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    valid_from: str
    calendar: str
    source: str
    digest: str
    until: datetime | None = Field(default=None, sa_type=Instant)
    imported_by: int = Field(foreign_key="actor.id")
    at: datetime = Field(sa_type=Instant)


class DutyShift(SQLModel, table=True):
    """A shift of a roster; see ``models/shifts.py``. Rows never change.

    One that comes again has ``days`` (``mon tue``, ``holiday``) and the local times ``begins`` and ``ends`` (HH:MM);
    one of given instants has ``starts_at`` and ``ends_at``.
    """

    __tablename__ = "duty_shift"  # pyright: ignore[reportAssignmentType]

    roster_id: int = Field(primary_key=True, foreign_key="duty_roster.id")
    position: int = Field(primary_key=True)
    department: str
    level: int
    person: str
    days: str | None = None
    begins: str | None = None
    ends: str | None = None
    starts_at: datetime | None = Field(default=None, sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)


class DutySwap(SQLModel, table=True):
    """``stand_in`` is on duty in place of ``person`` for a while. Rows never change: to swap back is another swap."""

    __tablename__ = "duty_swap"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    department: str
    level: int
    person: str
    stand_in: str
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    reason: str
    made_by: int = Field(foreign_key="actor.id")
    at: datetime = Field(sa_type=Instant)


class DutyAlert(SQLModel, table=True):
    """An alert to whoever was on duty, because of the transition ``seq`` of a case; one row for each level alerted.

    ``people`` are handles, separated by blanks; empty where nobody was on duty. ``timer_id`` is the timer of the
    promise that asks, empty where no promise does. ``climbs_at`` is when the next level is alerted; it is empty once
    the alert is acknowledged, has climbed, or climbs no further. ``ended_at`` is set where it was moot by then: the
    promise was met, or the case closed. ``via`` is the door by which it was acknowledged.
    """

    __tablename__ = "duty_alert"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index(
            "ix_duty_alert_climbs",
            "climbs_at",
            sqlite_where=text("climbs_at IS NOT NULL"),
            postgresql_where=text("climbs_at IS NOT NULL"),
        ),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    level: int = Field(primary_key=True)
    timer_id: int | None = Field(default=None, foreign_key="timer.id", sa_type=BigId)
    people: str
    raised_at: datetime = Field(sa_type=Instant)
    climbs_at: datetime | None = Field(default=None, sa_type=Instant)
    climbed_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)
    acknowledged_by: int | None = Field(default=None, foreign_key="actor.id")
    via: str | None = None
