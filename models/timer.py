"""Deadlines as rows: SLA timers, and the escalation steps that have fired."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.column_types import BigId, Instant

_SPENT = "closed_at IS NULL AND fires_at IS NULL AND running_since IS NOT NULL"
"""The condition of the timers that run on after their last step."""


class Timer(SQLModel, table=True):
    """A clause running for one case in one cycle.

    ``allowance`` and ``consumed`` are microseconds. ``running_since`` is empty while the timer is paused; ``fires_at``,
    the instant of the next step, is empty while it is paused and when no step is left. ``outcome`` is met, breached,
    stopped, done, handed_over or handed_on. ``amount`` and ``unit`` are the limit as the pack states it. ``occurrence``
    counts the timers of one clause in one cycle: one for each promise, department or merged case. ``extended`` was
    granted on top of the limit and is part of the allowance. ``steps_before`` counts the steps that fired while the
    timer belonged to a case that was merged into this one, or before the department gave the case away. ``closed_by``
    is the ``seq`` of the move that ended it. ``part`` is the value of the column that partitions the clause, as the
    department.
    """

    __table_args__ = (
        UniqueConstraint("case_id", "clause", "cycle", "occurrence", name="uq_timer_occurrence"),
        Index(
            "ix_timer_due",
            "fires_at",
            "id",
            "case_id",
            sqlite_where=text("fires_at IS NOT NULL"),
            postgresql_where=text("fires_at IS NOT NULL"),
        ),
        Index(
            "ix_timer_next",
            "case_id",
            "fires_at",
            "id",
            sqlite_where=text("fires_at IS NOT NULL"),
            postgresql_where=text("fires_at IS NOT NULL"),
        ),
        Index(
            "ix_timer_open",
            "running_since",
            "allowance",
            "consumed",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_timer_spent", "id", "case_id", sqlite_where=text(_SPENT), postgresql_where=text(_SPENT)),
        Index("ix_timer_spent_of_case", "case_id", "id", sqlite_where=text(_SPENT), postgresql_where=text(_SPENT)),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    clause: str
    cycle: int
    occurrence: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    policy: str
    calendar: str
    amount: int
    unit: str
    allowance: int = Field(sa_type=BigId)
    consumed: int = Field(default=0, sa_type=BigId)
    extended: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    opened_at: datetime = Field(sa_type=Instant)
    running_since: datetime | None = Field(default=None, sa_type=Instant)
    fires_at: datetime | None = Field(default=None, sa_type=Instant)
    steps_fired: int = 0
    steps_before: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    level: int = 0
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    closed_by: int | None = None
    part: str | None = None


class EscalationStep(SQLModel, table=True):
    """An escalation step that fired. The key makes each step of a timer fire at most once."""

    __tablename__ = "escalation_step"  # pyright: ignore[reportAssignmentType]

    __table_args__ = (
        Index("ix_escalation_step_recorded", "recorded_at"),
        Index("ix_escalation_step_case", "case_id"),
    )

    timer_id: int = Field(primary_key=True, foreign_key="timer.id", sa_type=BigId)
    step: int = Field(primary_key=True)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    seq: int
    clause: str
    cycle: int
    percent: int
    level: int
    due_at: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
