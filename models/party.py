"""Personal data: customers, and the texts of forms. It can be erased without changing the record."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Party(SQLModel, table=True):
    """A customer or other outsider. ``identity`` is an HMAC of a number or address that identifies them.

    ``locale`` is the language in which the customer is written to; empty while it is not known.
    """

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    identity: str | None = Field(default=None, unique=True)
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    locale: str | None = None


class Statement(SQLModel, table=True):
    """The text of one personal field of one transition, and the salt of its digest in the record."""

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    field: str = Field(primary_key=True)
    salt: bytes | None
    content: str | None
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
