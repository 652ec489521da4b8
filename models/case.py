"""A case and its history: one row for its current state, and one row for each transition."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant
from models.form_field import FormField

_COUNTED = ("kind", "level", "state", "owner", "department")
"""The columns by which open cases are counted and listed, without a look at their rows."""
_OPEN: dict[str, Any] = {"sqlite_where": text("NOT closed"), "postgresql_where": text("NOT closed")}
"""The condition of the indexes by which lists of open cases are read."""
_URGENT = text("NOT closed AND severity = 'urgent'")
_DETERMINED = text("move = 'determine_responsibility'")


class Case(SQLModel, table=True):
    """The current state of a case. Only ``engine`` writes it.

    ``version`` is the ``seq`` of the last transition and ``head`` its hash. ``previous_state`` is the state
    before this one, ``level`` its escalation level (0 handler … 3 general manager). ``variables`` is canonical
    JSON: values of forms that guards use (an amount, who is accused), and counts of moves. ``shipment`` is an
    HMAC of the shipment's number, by which cases of one shipment are found (A6).
    """

    __tablename__ = "cases"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index("ix_cases_board", "state", "id", **_OPEN),
        Index("ix_cases_changed", "changed_at", "id", **_OPEN),
        Index("ix_cases_party", "party_id"),
        Index("ix_cases_owner", "owner", "id", **_OPEN),
        Index("ix_cases_severity", "severity", "id", **_OPEN),
        Index("ix_cases_urgent", "severity", *_COUNTED, "id", sqlite_where=_URGENT, postgresql_where=_URGENT),
        Index("ix_cases_department", "department", "state", "owner", "id", **_OPEN),
        Index("ix_cases_kind", *_COUNTED, "severity", "id", **_OPEN),
        Index("ix_cases_closed", "changed_at", "id", sqlite_where=text("closed"), postgresql_where=text("closed")),
        Index(
            "ix_cases_shipment",
            "shipment",
            sqlite_where=text("shipment IS NOT NULL"),
            postgresql_where=text("shipment IS NOT NULL"),
        ),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    number: str = Field(unique=True)
    kind: str
    pack: str
    state: str
    previous_state: str = ""
    closed: bool = False
    version: int
    head: str
    cycle: int = 1
    level: int = 0
    attempts: int = 0
    category: str | None = None
    severity: str | None = None
    department: str | None = None
    owner: str | None = None
    variables: str = Field(default="{}", sa_column_kwargs={"server_default": "{}"})
    channel: str
    customer_type: str | None = None
    shipment: str | None = None
    party_id: int | None = Field(default=None, foreign_key="party.id", sa_type=BigId)
    opened_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class Transition(SQLModel, table=True):
    """One move of one case, chained to the previous one by its hash.

    ``form`` is canonical JSON text; personal values in it are salted digests. ``inferred`` marks a
    move that no source recorded but that must have occurred.
    """

    # Every report counts how soon the cases were resolved; people read the cases on which they acted; a recurrence is
    # judged by the determination of the same cause and party before it.
    __table_args__ = (
        Index("ix_transition_actor", "actor_id", "case_id"),
        Index(
            "ix_transition_resolved",
            "case_id",
            "occurred_at",
            sqlite_where=text("move = 'resolve'"),
            postgresql_where=text("move = 'resolve'"),
        ),
        Index(
            "ix_transition_determined",
            FormField("cause"),
            FormField("responsible"),
            "occurred_at",
            "case_id",
            "seq",
            sqlite_where=_DETERMINED,
            postgresql_where=_DETERMINED,
        ),
    )

    case_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    seq: int = Field(primary_key=True)
    move: str
    source: str
    dest: str
    cycle: int
    level: int
    actor_id: int = Field(foreign_key="actor.id")
    via: str
    occurred_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    inferred: bool = False
    lifecycle: str
    form: str
    hash: str


class IdempotencyKey(SQLModel, table=True):
    """An idempotency key that was honoured, the hash of its request, and its answer: (case, seq)."""

    __tablename__ = "idempotency_key"  # pyright: ignore[reportAssignmentType]

    key: str = Field(primary_key=True)
    request_hash: str
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    seq: int


class KeptAnswer(SQLModel, table=True):
    """The answer, as JSON, to a request under an idempotency key that moved no case; both keys are HMACs."""

    __tablename__ = "kept_answer"  # pyright: ignore[reportAssignmentType]

    key: str = Field(primary_key=True)
    request_hash: str
    answer: str
    at: datetime = Field(sa_type=Instant, index=True)


class Link(SQLModel, table=True):
    """A parent and a child case, and the relation between them."""

    parent_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId)
    child_id: int = Field(primary_key=True, foreign_key="cases.id", sa_type=BigId, index=True)
    relation: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
