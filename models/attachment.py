"""The files that are attached to cases: what is known of each; the contents lie outside the database."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Attachment(SQLModel, table=True):
    """One file of one case (A10). The row is written once, and once more when the file is erased.

    ``id`` is random, so that it cannot be guessed. ``digest`` is SHA-256 over ``salt`` and content, under which the
    content lies in the folder or bucket of the attachments; the record names it, too. ``thumbnail`` is the digest of
    a small picture, under the same salt. ``type`` was found by content, ``size`` is in bytes. Erasing a file empties
    ``name``, ``salt`` and ``thumbnail``.
    """

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId, index=True)
    name: str | None
    type: str
    size: int
    salt: bytes | None
    digest: str
    thumbnail: str | None = None
    uploaded_by: int = Field(foreign_key="actor.id")
    uploaded_at: datetime = Field(sa_type=Instant)
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    erasure_reason: str | None = None
