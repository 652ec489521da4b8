"""Each version of a lifecycle that the store was written under, with its whole table."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import Instant


class LifecycleVersion(SQLModel, table=True):
    """A version of a kind's lifecycle, recorded before the first transition that carries it.

    ``document`` is the table as canonical JSON; ``version`` is the beginning of its SHA-256, so it vouches for itself.
    """

    __tablename__ = "lifecycle_version"  # pyright: ignore[reportAssignmentType]

    kind: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    recorded_at: datetime = Field(sa_type=Instant)
    document: str
