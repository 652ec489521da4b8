"""Periodic surveys: the sampling plan, its strata, and the customers who were drawn (E1)."""

from datetime import datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from models.column_types import BigId, Instant


class Survey(SQLModel, table=True):
    """A sampling plan and its draw.

    The population are the customers who had a case of one of ``kinds`` under ``pack``, opened in [since, until) and
    recorded up to ``drawn_at``; each counts once, in the stratum of his newest such case by the column ``stratify_by``.
    ``digest`` is SHA-256 over them and their strata. ``method`` divides ``wanted`` customers among the strata, at
    least ``least`` to each. ``apart_days`` is for how long whoever was asked before was left out. ``period`` names the
    period of a survey that the pack's schedule drew, of which there is one. Without ``invited_at`` nobody is asked,
    and from ``called_off_at`` on nobody any more, for a reason that customers read.
    """

    __table_args__ = (UniqueConstraint("pack", "period"),)

    id: int | None = Field(default=None, primary_key=True)
    pack: str
    period: str | None = None
    since: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    kinds: str
    stratify_by: str
    method: str
    wanted: int
    least: int
    way: str
    apart_days: int | None = None
    seed: str
    population: int
    digest: str
    drawn_by: int = Field(foreign_key="actor.id")
    drawn_at: datetime = Field(sa_type=Instant)
    invited_by: int | None = Field(default=None, foreign_key="actor.id")
    invited_at: datetime | None = Field(default=None, sa_type=Instant)
    called_off_by: int | None = None
    called_off_at: datetime | None = Field(default=None, sa_type=Instant)
    called_off_because: str | None = None


class SurveyStratum(SQLModel, table=True):
    """A stratum: how many customers it has, how many of them could be drawn, and how many were.

    ``left_out`` is canonical JSON: the ids of the parties that could not be drawn, by reason.
    """

    __tablename__ = "survey_stratum"  # pyright: ignore[reportAssignmentType]

    survey_id: int = Field(primary_key=True, foreign_key="survey.id")
    stratum: str = Field(primary_key=True)
    population: int
    eligible: int
    drawn: int
    left_out: str


class SurveyPerson(SQLModel, table=True):
    """A customer who was drawn, and the case of his invitation once it is opened.

    ``party_id`` stands for the person, ``source_id`` is the case by which he was found and whose customer is asked.
    """

    __tablename__ = "survey_person"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("survey_id", "party_id"),)

    survey_id: int = Field(primary_key=True, foreign_key="survey.id")
    position: int = Field(primary_key=True)
    stratum: str
    party_id: int = Field(foreign_key="party.id", sa_type=BigId)
    source_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    case_id: int | None = Field(default=None, foreign_key="cases.id", sa_type=BigId)
