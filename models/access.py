"""Who may act: one-time codes, kinds on hold, attempts that were refused; and who read personal data."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class OneTimeCode(SQLModel, table=True):
    """A one-time code that was made for an actor to confirm one action.

    ``purpose`` is an HMAC of actor, subject, act and entries, or of the actor alone where an administrator hands the
    code over; ``code`` is an HMAC of the code itself, which only its bearer has. ``tries`` counts wrong entries.
    """

    __tablename__ = "one_time_code"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    purpose: str
    code: str
    made_at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    tries: int = 0
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class Hold(SQLModel, table=True):
    """A kind of case whose reactions are suspended: since when, by whom, and the code of the reason."""

    kind: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)
    held_by: int = Field(foreign_key="actor.id")
    reason: str


class Suspension(SQLModel, table=True):
    """Automatic work was suspended or released: of a kind of case, or of one case whose work failed at every try.

    Rows are never changed. ``act`` is held or released. ``case_id`` and ``work`` (timer, callback) are empty where it
    is a whole kind. ``reason`` is a code: of a person's choice, or of the failure that suspended the case.
    """

    __table_args__ = (Index("ix_suspension_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=Instant)
    act: str
    kind: str
    case_id: int | None = Field(default=None, foreign_key="cases.id", sa_type=BigId)
    work: str | None = None
    actor_id: int = Field(foreign_key="actor.id")
    reason: str


class RefusedAttempt(SQLModel, table=True):
    """A move that somebody tried on a case, and why it was refused. It is no part of the record.

    ``actor_id`` is empty for a handle that the store does not know, ``move`` for a name that the lifecycle does not
    have: what was typed is not kept. ``code`` is that of the refusal; ``why`` names guards, fields, roles or moves, as
    codes separated by blanks.
    """

    __tablename__ = "refused_attempt"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_refused_attempt_case", "case_id", "id"), Index("ix_refused_attempt_at", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=Instant)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    actor_id: int | None = Field(default=None, foreign_key="actor.id")
    via: str
    move: str
    state: str
    code: str
    why: str


class Reading(SQLModel, table=True):
    """What of the personal data of a case somebody was shown. It is no part of the record.

    ``kind`` is how he was authenticated. ``fields`` are codes separated by blanks: name, phone, email, texts.
    ``reason`` is what he gave where he unmasked them, empty otherwise.
    """

    __table_args__ = (Index("ix_reading_case", "case_id", "id"), Index("ix_reading_at", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=Instant)
    actor_id: int = Field(foreign_key="actor.id")
    via: str
    kind: str
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    fields: str
    reason: str
