"""The journal: who wrote which row of the tables that no case records, as a hash chain."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class JournalEntry(SQLModel, table=True):
    """One row of another table was written: who wrote it when, and its digest. Entries are never changed.

    ``subject`` names the table, ``key`` is the canonical JSON of the row's key, ``digest`` the SHA-256 of its columns,
    empty where the row was deleted. ``made_by`` is a handle. ``hash`` covers the entry and the hash of the one before.
    """

    __tablename__ = "journal"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_journal_subject", "subject", "key", "seq"),)

    seq: int = Field(primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=Instant)
    made_by: str
    subject: str
    key: str
    digest: str
    hash: str
