"""Samples of contacts between staff and customers, and how a reviewer scored them by a checklist (F5)."""

from datetime import datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from models.column_types import BigId, Instant


class ConductDraw(SQLModel, table=True):
    """A sample that somebody drew: from which contacts, by which seed, how many there were.

    The population is what was recorded up to ``drawn_at`` of contacts between ``since`` and ``until``, without the
    drawer's own and those of earlier draws. ``digest`` is SHA-256 over its contacts. ``department`` and ``staff_id``
    narrow it; empty ones do not.
    """

    __tablename__ = "conduct_draw"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    drawn_by: int = Field(foreign_key="actor.id")
    drawn_at: datetime = Field(sa_type=Instant)
    seed: str
    channel: str
    since: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    department: str | None = None
    staff_id: int | None = Field(default=None, foreign_key="actor.id")
    wanted: int
    population: int
    digest: str


class ConductSample(SQLModel, table=True):
    """A contact that was drawn: the move that recorded it, who made it, and his department then.

    A contact is drawn once at most.
    """

    __tablename__ = "conduct_sample"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("case_id", "seq"),)

    draw_id: int = Field(primary_key=True, foreign_key="conduct_draw.id")
    position: int = Field(primary_key=True)
    case_id: int = Field(foreign_key="cases.id", sa_type=BigId)
    seq: int
    staff_id: int = Field(foreign_key="actor.id")
    department: str | None = None
    occurred_at: datetime = Field(sa_type=Instant)


class ConductSheet(SQLModel, table=True):
    """A contact scored by a checklist; a correction is another row with a higher ``revision`` and a ``reason``.

    ``score`` is in hundredths of a point of 100, over the observed items alone; empty where nothing was observed.
    ``observed`` is the weight of the observed items, of 100. The scored person may object once, and another reviewer
    answers. Erasing the texts of the case empties ``reason``, ``objection``, ``answer`` and ``salt``.
    """

    __tablename__ = "conduct_sheet"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("draw_id", "position", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    draw_id: int = Field(foreign_key="conduct_draw.id")
    position: int
    revision: int
    scored_by: int = Field(foreign_key="actor.id")
    scored_at: datetime = Field(sa_type=Instant)
    checklist: str
    version: str
    score: int | None = None
    observed: int
    reason: str | None = None
    objection: str | None = None
    objected_at: datetime | None = Field(default=None, sa_type=Instant)
    answer: str | None = None
    answered_by: int | None = Field(default=None, foreign_key="actor.id")
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    salt: bytes | None = None
    erased_at: datetime | None = Field(default=None, sa_type=Instant)


class ConductMark(SQLModel, table=True):
    """How one item of a sheet was found: ``passed``, ``failed`` or ``not_observed``, with the reviewer's note.

    ``place`` counts the items in the order of the checklist. The salt keeps the digest in the journal from telling an
    erased note.
    """

    __tablename__ = "conduct_mark"  # pyright: ignore[reportAssignmentType]

    sheet_id: int = Field(primary_key=True, foreign_key="conduct_sheet.id")
    item: str = Field(primary_key=True)
    place: int
    weight: int
    outcome: str
    note: str | None = None
    salt: bytes | None = None
