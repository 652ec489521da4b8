"""The store's own data: its kind and clock, leases, runs of scheduled work, and anchors."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, true
from sqlmodel import Field, SQLModel

from models.column_types import Instant


class StoreInfo(SQLModel, table=True):
    """The single row of store metadata. ``simulated_at`` is the clock of a simulated store, empty in a real one."""

    __tablename__ = "store_info"  # pyright: ignore[reportAssignmentType]

    id: int = Field(default=1, primary_key=True)
    made_at: datetime = Field(sa_type=Instant)
    simulated_at: datetime | None = Field(default=None, sa_type=Instant)
    secret_check: str


class Lease(SQLModel, table=True):
    """Who holds a duty (the driver), and until when; ``seen_at`` is the last heartbeat."""

    name: str = Field(primary_key=True)
    owner: str
    seen_at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)


class Run(SQLModel, table=True):
    """A run of scheduled or unobserved work, stored for the morning report."""

    # The reports of every night ask for the last run of each flow, and for the runs that ended since yesterday.
    __table_args__ = (Index("ix_run_flow", "flow", "began_at"), Index("ix_run_ended", "ended_at"))

    id: int | None = Field(default=None, primary_key=True)
    flow: str
    began_at: datetime = Field(sa_type=Instant)
    ended_at: datetime = Field(sa_type=Instant)
    observed: bool
    did: int
    note: str = "{}"


class Anchor(SQLModel, table=True):
    """A signed Merkle root over all chain heads, also published outside the database.

    ``line`` is its line in the published file and ``before`` the hash of the one before. Anchors of first releases,
    signed with the store's secret, have neither, nor a ``key``. ``published`` says that the line is in the file.
    ``reason`` and ``begun_by`` are set where a person re-anchored.
    """

    __table_args__ = (UniqueConstraint("line", name="uq_anchor_line"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    cases: int
    root: str
    signature: str
    line: int | None = None
    before: str | None = None
    key: str | None = None
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    begun_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    published: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
