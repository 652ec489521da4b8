"""Personal data: customers, and the texts of forms. It can be erased without changing the record."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


def _where(column: str) -> dict[str, Any]:
    known = text(f"{column} IS NOT NULL")
    return {"sqlite_where": known, "postgresql_where": known}


class Party(SQLModel, table=True):
    """Who a contact came from, as it said: a name, a number, an address. A case keeps the party it came with.

    ``person_id`` is the party that stands for the same person, its oldest one; empty where it is this one. So a person
    has as many numbers and addresses as his parties, and several people may have one of them.

    ``phone_key`` and ``email_key`` are HMACs of the normal form of a valid number and address
    (``models.telephone_numbers``, ``models.mail_addresses``).
    ``identity`` is an HMAC of all three, where one of them identifies: who gives the same again is the same party. Of a
    customer whom another system identifies it is an HMAC of his id there.
    ``email`` is an address to which mail can be sent, or empty. ``locale`` is the language in which the customer is
    written to; empty while it is not known.
    ``birthday`` is the month and day that he told us for greetings (``05-31``), without the year.
    Erasing a customer empties all of these but ``locale``; the journal covers when and why he was erased.
    """

    __table_args__ = (
        Index("ix_party_person", "person_id", **_where("person_id")),
        Index("ix_party_phone", "phone_key", "id", **_where("phone_key")),
        Index("ix_party_email", "email_key", "id", **_where("email_key")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    identity: str | None = Field(default=None, unique=True)
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    locale: str | None = None
    phone_key: str | None = None
    email_key: str | None = None
    person_id: int | None = Field(default=None, foreign_key="party.id", sa_type=BigId)
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    erasure_reason: str | None = None
    birthday: str | None = None


class SamePerson(SQLModel, table=True):
    """The question whether two parties are one person, and a person's answer.

    ``party_id`` is the younger one. ``why`` says what they have in common: "phone", "email", both, "customer_id" (the
    id in another system), or "" where a person joined or parted them without having been asked. ``same`` is the answer,
    empty while it is open. ``joined`` names the parties that the answer brought to the other person, separated by
    blanks, so that it can be taken back.
    """

    __tablename__ = "same_person"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index(
            "ix_same_person_open", "asked_at", sqlite_where=text("same IS NULL"), postgresql_where=text("same IS NULL")
        ),
    )

    party_id: int = Field(primary_key=True, foreign_key="party.id", sa_type=BigId)
    other_id: int = Field(primary_key=True, foreign_key="party.id", sa_type=BigId, index=True)
    why: str
    asked_at: datetime = Field(sa_type=Instant)
    same: bool | None = None
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    answered_by: int | None = Field(default=None, foreign_key="actor.id")
    joined: str | None = None


class Statement(SQLModel, table=True):
    """The text of one personal field of one transition, and the salt of its digest in the record.

    Erasing a text empties ``content`` and ``salt``; the journal covers when and why it was erased.
    """

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    field: str = Field(primary_key=True)
    salt: bytes | None
    content: str | None
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    erasure_reason: str | None = None
