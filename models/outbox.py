"""The outbox: events, their deliveries, and the planned callbacks with their ratings."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class OutboxEvent(SQLModel, table=True):
    """An outbox event: "this case made this transition". Written with the transition, deleted once fanned out."""

    __tablename__ = "outbox_event"  # pyright: ignore[reportAssignmentType]

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)


class Delivery(SQLModel, table=True):
    """An outbox event for one reaction. ``status`` is waiting, leased, done or dead.

    ``next_at`` is when it may be leased: the next try of a waiting one, the end of the lease of a leased one.
    ``lease_owner`` holds the lease, or held it when it was done: a process, with its run in Prefect if it had one.
    ``retried_at`` is when a person last gave a dead one its tries back, ``drop_reason`` why a person gave one up.
    """

    __table_args__ = (
        Index(
            "ix_delivery_next",
            "next_at",
            sqlite_where=text("status IN ('waiting', 'leased')"),
            postgresql_where=text("status IN ('waiting', 'leased')"),
        ),
        Index(
            "ix_delivery_dead", "status", sqlite_where=text("status = 'dead'"), postgresql_where=text("status = 'dead'")
        ),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    reaction: str = Field(primary_key=True)
    status: str = "waiting"
    tries: int = 0
    next_at: datetime = Field(sa_type=Instant)
    lease_owner: str | None = None
    error: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    retried_at: datetime | None = Field(default=None, sa_type=Instant)
    drop_reason: str | None = None


class Callback(SQLModel, table=True):
    """A planned callback: the n-th attempt to reach the customer in one cycle, and who calls (D1, D3)."""

    __table_args__ = (
        Index(
            "ix_callback_open",
            "planned_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    cycle: int = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    planned_at: datetime = Field(sa_type=Instant)
    owner: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None


class Rating(SQLModel, table=True):
    """The score of a customer's answers to a questionnaire (D2, E1).

    ``score`` is in hundredths of a point of 100, empty without any answer: silence is no praise.
    """

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    cycle: int = Field(primary_key=True)
    questionnaire: str
    version: str
    answered: int
    score: int | None = None
    at: datetime = Field(sa_type=Instant)
