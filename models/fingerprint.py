"""Fingerprints of texts: a few keyed numbers by which an index finds near texts (A6)."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from models.column_types import BigId


class Fingerprint(SQLModel, table=True):
    """Four numbers of the text with which a case was opened; a trigger erases them with the text.

    Each is the keyed number of one shingle of the text, times 2**36, plus the case's id: so the index alone tells
    which cases share it, the newest last. None where a lane is empty.
    """

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    a: int | None = Field(default=None, sa_type=BigInteger, index=True)
    b: int | None = Field(default=None, sa_type=BigInteger, index=True)
    c: int | None = Field(default=None, sa_type=BigInteger, index=True)
    d: int | None = Field(default=None, sa_type=BigInteger, index=True)
