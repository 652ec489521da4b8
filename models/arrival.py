"""A contact or a reply read from a file, waiting for its instant."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Arrival(SQLModel, table=True):
    """A row of an imported file. Its key (source, row, contact or reply) makes a second import add nothing.

    ``digest`` is an HMAC of the content. ``payload`` holds the content until the arrival is processed and is emptied
    then, because it is personal. ``case_id`` is the case that resulted.
    """

    __table_args__ = (
        Index(
            "ix_arrival_waiting",
            "at",
            sqlite_where=text("processed_at IS NULL"),
            postgresql_where=text("processed_at IS NULL"),
        ),
        Index(
            "ix_arrival_refused",
            "case_id",
            sqlite_where=text("refusal IS NOT NULL"),
            postgresql_where=text("refusal IS NOT NULL"),
        ),
    )

    source: str = Field(primary_key=True)
    row_id: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    kind: str
    pack: str
    at: datetime = Field(sa_type=Instant)
    digest: str
    payload: str | None
    processed_at: datetime | None = Field(default=None, sa_type=Instant)
    case_id: int | None = Field(default=None, sa_type=BigId)
    refusal: str | None = None
