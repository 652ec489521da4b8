"""Greetings to customers (D3): who agreed to them or withdrew, and which greeting was sent or withheld."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class CareConsent(SQLModel, table=True):
    """A customer agreed to greetings, or withdrew. Rows are never changed; the newest one of a person holds.

    ``source`` is how he said it (phone, mail, counter, paper, portal, link), ``via`` the door through which it was
    recorded, ``recorded_by`` who did so: the actor ``customer`` where he did it himself.
    """

    __tablename__ = "care_consent"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_care_consent_party", "party_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    party_id: int = Field(foreign_key="party.id", sa_type=BigId)
    given: bool
    source: str
    via: str
    recorded_by: int = Field(foreign_key="actor.id")
    at: datetime = Field(sa_type=Instant)


class CareGreeting(SQLModel, table=True):
    """A greeting of one customer on one occasion (``spring_festival:2027``, ``birthday:2027``).

    ``outcome`` is empty while it is queued, then sent or withheld, with the code of the ``reason``. ``next_at`` is when
    it is tried next: in the hours of the customer's day, or when the lease of a process ends that sends it. ``ends_at``
    is the end of these hours.
    """

    __tablename__ = "care_greeting"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index(
            "ix_care_greeting_queued",
            "next_at",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
    )

    party_id: int = Field(primary_key=True, foreign_key="party.id", sa_type=BigId)
    occasion: str = Field(primary_key=True)
    pack: str
    queued_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    next_at: datetime = Field(sa_type=Instant)
    outcome: str | None = None
    reason: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
