"""What lets a person in, and what holds work back: one-time codes, and kinds of case that are on hold."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class OneTimeCode(SQLModel, table=True):
    """A one-time code that was sent to an actor for one very act.

    ``purpose`` is an HMAC of who, which case, which move and every entry of the form; ``code`` is an HMAC
    of the code itself, which stands nowhere but in the actor's mail. ``tries`` counts the wrong ones.
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
    """A kind of case whose reactions wait, since when, by whom, and the code of why."""

    kind: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)
    held_by: int = Field(foreign_key="actor.id")
    reason: str
