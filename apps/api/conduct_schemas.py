"""The documents of conduct samples in the API: draws, drawn contacts, sheets, figures (F5)."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from apps.api.case_documents import Input
from engine.conduct.draws import MOST
from engine.conduct.score import Outcome
from engine.rules.checklists import ConductChannel
from models.columns import TEXT_LIMIT
from reports.conduct_figures import GroupedBy
from statemachines.form_model import Code

ConductDay = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 30))]


class NewDraw(Input):
    """What to draw: how many contacts of a channel, made between two days, both included."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"channel": "phone", "since": "2026-03-01", "until": "2026-03-31", "size": 20}}
    )

    channel: ConductChannel
    since: ConductDay
    until: ConductDay
    size: int = Field(ge=1, le=MOST)
    department: Code | None = None
    staff: str | None = Field(default=None, min_length=1, max_length=100)


class DrawDocument(BaseModel):
    """A draw: its population, its seed, how much of it is scored; ``earlier`` counts draws of the same before it."""

    id: int
    drawn_by: str
    drawn_at: datetime
    seed: str
    channel: ConductChannel
    since: datetime
    until: datetime
    department: str | None
    staff: str | None
    wanted: int
    population: int
    drawn: int
    scored: int
    earlier: int


class Draws(BaseModel):
    """The draws, the newest first."""

    draws: list[DrawDocument]


class DrawnContactDocument(BaseModel):
    """A drawn contact and its newest sheet; the score is in points of 100, null where nothing was observed."""

    position: int
    number: str | None
    kind: str | None
    move: str | None
    staff: str
    department: str | None
    occurred_at: datetime
    revision: int | None
    score: float | None
    observed: int | None
    objected_at: datetime | None
    answered_at: datetime | None


class DrawnAgainDocument(BaseModel):
    """Whether the draw, made again now by the same seed, has the same population and gives the same sample."""

    population: int
    same_population: bool
    same_sample: bool


class DrawWithContacts(BaseModel):
    """A draw with its contacts."""

    draw: DrawDocument
    contacts: list[DrawnContactDocument]
    again: DrawnAgainDocument


class MarkDocument(BaseModel):
    """How an item was found."""

    item: str
    weight: int
    outcome: Outcome
    note: str | None


class SheetDocument(BaseModel):
    """A sheet; a correction is another one with a higher revision and a reason."""

    id: int
    draw_id: int
    position: int
    revision: int
    channel: ConductChannel
    scored_by: str
    scored_at: datetime
    checklist: str
    version: str
    score: float | None = Field(description="In points of 100, of what was observed; null where nothing was.")
    observed: int = Field(description="The weight of what was observed, of 100.")
    reason: str | None
    objection: str | None
    objected_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    erased_at: datetime | None
    occurred_at: datetime
    marks: list[MarkDocument]


class ContactDocument(BaseModel):
    """A drawn contact: its texts as the caller may see them, what is looked at, and its sheets, the newest first."""

    draw: int
    position: int
    number: str
    kind: str
    channel: ConductChannel
    staff: str
    occurred_at: datetime
    move: str
    texts: dict[str, str | None]
    checklist: str
    version: str
    items: list[dict[str, Any]]
    own: bool
    sheets: list[SheetDocument]


class GivenMarkInput(Input):
    """How an item was found; one that failed needs a note."""

    outcome: Outcome
    note: str = Field(default="", max_length=TEXT_LIMIT)


class NewSheet(Input):
    """The marks of every item of the checklist; ``revision`` is that of the newest sheet, 0 where there is none."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"revision": 0, "marks": {"greeting": {"outcome": "failed", "note": "No greeting."}}}
        }
    )

    revision: int = Field(ge=0, le=2**31 - 1)
    marks: dict[Code, GivenMarkInput] = Field(max_length=100)
    reason: str = Field(default="", max_length=TEXT_LIMIT, description="Why an earlier sheet is corrected.")


class OwnSheets(BaseModel):
    """The sheets about the caller's own contacts."""

    sheets: list[SheetDocument]


class Words(Input):
    """An objection, or the answer to one."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"text": "The customer was told by when he gets an answer."}}
    )

    text: str = Field(min_length=1, max_length=TEXT_LIMIT)


class Accepted(BaseModel):
    """The sheet about which something was recorded."""

    sheet: int


class ConductFigures(BaseModel):
    """The figures of scored contacts by group, in the order of the names: no ranking."""

    since: datetime
    until: datetime
    by: GroupedBy
    groups: list[dict[str, Any]]


class FigureQuery(Input):
    """The contacts made between two days, both included, and by what they are counted together."""

    since: ConductDay
    until: ConductDay
    by: GroupedBy = GroupedBy.PERSON
