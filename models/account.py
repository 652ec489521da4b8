"""How an actor proves who he is at a door: accounts, invitations, sessions, API tokens, log-ins at a provider."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant


class Account(SQLModel, table=True):
    """The account with which an actor logs in; an actor without one acts at the command line and by tokens only.

    ``password`` is an argon2 hash. ``totp`` is the second factor, encrypted under the store's secret; it counts since
    ``totp_since``, and ``totp_step`` is the last of its steps that was used. ``recovery`` holds the HMACs of the unused
    recovery codes, separated by blanks.
    """

    actor_id: int = Field(primary_key=True, foreign_key="actor.id")
    made_at: datetime = Field(sa_type=Instant)
    made_by: int = Field(foreign_key="actor.id")
    password: str | None = None
    password_at: datetime | None = Field(default=None, sa_type=Instant)
    totp: str | None = None
    totp_since: datetime | None = Field(default=None, sa_type=Instant)
    totp_step: int = Field(default=0, sa_type=BigId)
    recovery: str = ""
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class Invitation(SQLModel, table=True):
    """A one-time link with which an actor sets his password. ``digest`` is an HMAC of the code in the link."""

    id: str = Field(primary_key=True)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    digest: str
    made_at: datetime = Field(sa_type=Instant)
    made_by: int = Field(foreign_key="actor.id")
    until: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class AccessCode(SQLModel, table=True):
    """A one-time code for the portal that an agent handed to a customer; ``digest`` is an HMAC of it and of its case.

    ``proof`` names the fact that proved the customer besides his name: phone, shipment. ``reason`` is why he got one.
    """

    __tablename__ = "access_code"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index("ix_access_code_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    digest: str
    made_at: datetime = Field(sa_type=Instant)
    made_by: int = Field(foreign_key="actor.id")
    proof: str
    reason: str
    until: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class LoginSession(SQLModel, table=True):
    """A session that is open. ``digest`` is an HMAC of the secret in the cookie; a session that ended has no row.

    ``change_id`` is the newest change of the actor when it was opened: a later one of his roles ends the session.
    ``second_factor_at`` is empty until a second factor was given. ``address`` and ``agent`` help the person to
    recognise the session in the list of his own.
    """

    __tablename__ = "login_session"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    digest: str
    made_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    change_id: int = Field(sa_type=BigId)
    second_factor_at: datetime | None = Field(default=None, sa_type=Instant)
    method: str
    address: str
    agent: str


class ApiToken(SQLModel, table=True):
    """A token with which a program acts as an actor. ``digest`` is an HMAC of its secret.

    ``scopes`` are separated by blanks; empty where nothing narrows what the actor's roles allow. ``rate`` is how often
    it may be used, as "600 per 1 minute". ``used_at`` and ``used_from`` are written at most once a minute.
    """

    __tablename__ = "api_token"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    label: str
    digest: str
    scopes: str | None = None
    rate: str
    made_at: datetime = Field(sa_type=Instant)
    made_by: int = Field(foreign_key="actor.id")
    until: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    used_from: str | None = None


class OidcLink(SQLModel, table=True):
    """Who an actor is at a provider of OpenID Connect: its issuer and the subject that it names, never an address."""

    __tablename__ = "oidc_link"  # pyright: ignore[reportAssignmentType]

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    actor_id: int = Field(foreign_key="actor.id", index=True)
    linked_at: datetime = Field(sa_type=Instant)
    linked_by: int = Field(foreign_key="actor.id")


class FailedLogIn(SQLModel, table=True):
    """Who failed to log in, by which method and from which address. ``actor_id`` is empty for an unknown handle."""

    __tablename__ = "failed_log_in"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=Instant, index=True)
    actor_id: int | None = Field(default=None, foreign_key="actor.id", index=True)
    method: str
    address: str


class SavedFilter(SQLModel, table=True):
    """A filter of the queue that a person saved under a name; ``address`` is the query that shows it, of codes only."""

    __tablename__ = "saved_filter"  # pyright: ignore[reportAssignmentType]

    actor_id: int = Field(primary_key=True, foreign_key="actor.id")
    name: str = Field(primary_key=True)
    address: str
    saved_at: datetime = Field(sa_type=Instant)


class AttemptWindow(SQLModel, table=True):
    """How often something limited was done in the window that ends at ``until``; ``key`` is an HMAC of who did what."""

    __tablename__ = "attempt_window"  # pyright: ignore[reportAssignmentType]

    key: str = Field(primary_key=True)
    hits: int
    until: datetime = Field(sa_type=Instant, index=True)
