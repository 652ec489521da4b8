"""Actors: people of the company, the system and the import; the journal of their changes; the departments."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Actor(SQLModel, table=True):
    """Who makes moves. ``roles`` are those of H3, separated by blanks; ``boss`` and ``deputy`` are handles.

    ``zone`` names the time zone in which he reads times; without one he reads those of the house. Since
    ``disabled_at``, and between ``absent_from`` and ``absent_until`` (open where it is empty), he cannot act and is
    asked nothing: his deputy is. By ``name``, ``phone`` (E.164) and ``email`` it is found whether he also answered as
    a customer.
    """

    id: int | None = Field(default=None, primary_key=True)
    handle: str = Field(unique=True)
    roles: str
    department: str | None = None
    boss: str | None = None
    locale: str = "zh_CN"
    email: str | None = None
    zone: str | None = None
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    absent_from: datetime | None = Field(default=None, sa_type=Instant)
    absent_until: datetime | None = Field(default=None, sa_type=Instant)
    deputy: str | None = None
    name: str | None = None
    phone: str | None = None

    def available(self, at: datetime) -> bool:
        """Return whether he can act and be asked at an instant."""
        if self.disabled_at is not None:
            return False
        begun = self.absent_from is not None and self.absent_from <= at
        return not begun or (self.absent_until is not None and self.absent_until <= at)


class ActorChange(SQLModel, table=True):
    """One change of an actor: who changed which field when, and its values as text. Rows are never changed."""

    __tablename__ = "actor_change"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    changed_by: int = Field(foreign_key="actor.id")
    at: datetime = Field(sa_type=Instant)
    field: str
    before: str | None = None
    after: str | None = None


class Department(SQLModel, table=True):
    """A department of the house, to which cases and people may be assigned; ``added_by`` is a handle."""

    code: str = Field(primary_key=True)
    added_at: datetime = Field(sa_type=Instant)
    added_by: str
