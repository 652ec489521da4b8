"""Webhooks: which other systems are sent which events of which cases."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import Instant


class Webhook(SQLModel, table=True):
    """A subscription. ``events``, ``kinds`` and ``departments`` are codes separated by blanks; empty means all.

    ``nonce`` makes its signing secret out of the store's, see ``engine/webhooks/signing.py``. After a rotation
    ``former_nonce`` makes the one before, which also signs until ``former_until``.
    """

    id: int = Field(primary_key=True)
    url: str
    events: str = ""
    kinds: str = ""
    departments: str = ""
    personal: bool = False
    nonce: str
    former_nonce: str | None = None
    former_until: datetime | None = Field(default=None, sa_type=Instant)
    added_at: datetime = Field(sa_type=Instant)
    added_by: str
    removed_at: datetime | None = Field(default=None, sa_type=Instant)
    removed_by: str | None = None
