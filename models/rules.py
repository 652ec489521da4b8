"""Rules: drafts and editions of packs, calendars and questionnaires, categories, interpretations of clauses."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.column_types import Instant


class Edition(SQLModel, table=True):
    """A pack, calendar, questionnaire or checklist as the evaluation group published it (F4). ``content`` is its TOML.

    It replaces the shipped file from ``effective_from`` on. ``projected_at`` is when the open timers were
    recalculated under it.
    """

    __table_args__ = (Index("ix_edition_name", "sort", "name", "effective_from"),)

    id: int | None = Field(default=None, primary_key=True)
    sort: str
    name: str
    version: str
    content: str
    effective_from: datetime = Field(sa_type=Instant)
    published_at: datetime = Field(sa_type=Instant)
    published_by: int = Field(foreign_key="actor.id")
    reason: str
    projected_at: datetime | None = Field(default=None, sa_type=Instant)


class RuleDraft(SQLModel, table=True):
    """A text that somebody of the evaluation group prepares for publication, and what another one decided (F4).

    ``revision`` counts the changes. ``submitted_at`` is empty while the text is worked on; then the text is fixed.
    Without ``effective_from`` it takes force when it is approved. An undecided draft is the only one of its maker for
    that name. ``edition_id`` is the edition that came of it.
    """

    __tablename__ = "rule_draft"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index(
            "ix_rule_draft_open",
            "made_by",
            "sort",
            "name",
            unique=True,
            sqlite_where=text("decision IS NULL"),
            postgresql_where=text("decision IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    sort: str
    name: str
    content: str
    revision: int
    made_by: int = Field(foreign_key="actor.id")
    made_at: datetime = Field(sa_type=Instant)
    effective_from: datetime | None = Field(default=None, sa_type=Instant)
    reason: str
    submitted_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: int | None = Field(default=None, foreign_key="actor.id")
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision: str | None = None
    remark: str
    edition_id: int | None = Field(default=None, foreign_key="edition.id")


class Category(SQLModel, table=True):
    """A category that cases may be given, by the tree that was published last; ``added_by`` is a handle.

    A category that a later tree lacks is retired: cases keep it, and none is given it any more.
    """

    code: str = Field(primary_key=True)
    name: str
    added_at: datetime = Field(sa_type=Instant)
    added_by: str
    retired_at: datetime | None = Field(default=None, sa_type=Instant)


class Interpretation(SQLModel, table=True):
    """An interpretation of a clause by the evaluation group (F4)."""

    id: int | None = Field(default=None, primary_key=True)
    pack: str
    clause: str
    content: str
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: int = Field(foreign_key="actor.id")
