"""Notices: whom a case asked at an escalation level, and what became of the mails to staff and customers."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Notice(SQLModel, table=True):
    """A case asks a member of staff at an escalation level; ``seq`` is the transition by which it does.

    ``recipient`` is a handle, empty where nobody could be asked. ``timer_id`` is the timer whose step asks, empty where
    somebody escalated the case by hand. ``mail`` is the key of the mail that carries the notice; while it is empty, the
    notice waits for the digest of ``digest_at``. ``line`` is its line in a digest. ``awaiting`` is the state in which
    the case awaits the recipient; it is empty where an escalation level is asked.
    """

    __table_args__ = (
        Index("ix_notice_recipient", "recipient", "asked_at"),
        Index(
            "ix_notice_waiting",
            "digest_at",
            sqlite_where=text("mail IS NULL"),
            postgresql_where=text("mail IS NULL"),
        ),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    level: int
    cycle: int
    timer_id: int | None = Field(default=None, foreign_key="timer.id", sa_type=BigId)
    asked_at: datetime = Field(sa_type=Instant)
    digest_at: datetime | None = Field(default=None, sa_type=Instant)
    line: str
    mail: str | None = None
    awaiting: str | None = None


class MailRecord(SQLModel, table=True):
    """What became of a mail. ``recipient`` is a handle, empty for a customer.

    A notice, a digest and a reminder are composed once, before they are sent: ``subject`` and ``body`` are kept until
    then, so that a mail that is sent again says the same. Of other mails only a failure is recorded, without their
    text. ``outcome`` is empty before the first try, then sent, refused (by the mail server, tried again), no_server,
    no_address or nobody, or fell_back: a group did not accept it, and a mail went in its place; erased if an
    administrator erased the text, for ``erasure_reason``. ``next_at`` is the next try of a mail that no delivery sends,
    after ``tries`` of them. ``answer`` is the code that the mail server or the provider gave at the last try.
    """

    __tablename__ = "mail"  # pyright: ignore[reportAssignmentType]

    __table_args__ = (
        Index(
            "ix_mail_undelivered",
            "composed_at",
            sqlite_where=text("outcome <> 'sent'"),
            postgresql_where=text("outcome <> 'sent'"),
        ),
        Index(
            "ix_mail_next",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    key: str = Field(primary_key=True)
    recipient: str
    subject: str = Field(default="", sa_column_kwargs={"server_default": ""})
    body: str = Field(default="", sa_column_kwargs={"server_default": ""})
    composed_at: datetime = Field(sa_type=Instant)
    outcome: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    erasure_reason: str | None = None
    answer: str | None = None
