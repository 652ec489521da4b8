"""What the routes that read one case answer with."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from apps.api.case_documents import CaseDocument


class CustomerDocument(BaseModel):
    """The customer of a case; all empty once his data were erased."""

    name: str | None
    phone: str | None
    email: str | None


class LinkDocument(BaseModel):
    """A related case, its relation, and its direction."""

    number: str
    kind: str
    relation: str
    direction: str = Field(description="`parent` or `child`.")
    state: str
    closed: bool


class CaseDetail(CaseDocument):
    """A case with its customer and its relatives."""

    customer: CustomerDocument | None
    masked: bool = Field(description="Whether personal data are masked for this caller.")
    unusable: list[str] = Field(description="What of the contact cannot be used: `phone_masked`.")
    links: list[LinkDocument]


class HistoryEntry(BaseModel):
    """One move of a case, with the values of its form."""

    seq: int
    move: str
    move_label: str
    source: str
    dest: str
    dest_label: str
    cycle: int
    level: int
    actor: str
    via: str
    occurred_at: datetime
    recorded_at: datetime
    inferred: bool
    form: dict[str, Any]
    hash: str


class History(BaseModel):
    """Every move of a case in order."""

    number: str
    masked: bool
    moves: list[HistoryEntry]


class StatementDocument(BaseModel):
    """What was said in one field of a move: the contact's text, a reply, a note."""

    seq: int
    move: str
    field: str
    field_label: str
    actor: str
    occurred_at: datetime
    content: Any = Field(description="Masked where the caller may not read it; null once it was erased.")


class Statements(BaseModel):
    """What was said on a case, in order."""

    number: str
    masked: bool
    statements: list[StatementDocument]


class Links(BaseModel):
    """The relatives of a case of which the caller may know."""

    number: str
    links: list[LinkDocument]


class DayDocument(BaseModel):
    """What one local date added to a timer; amounts in seconds."""

    day: date
    sort: str
    holiday: str
    hours: list[str]
    counted: float
    paused: float
    total: float


class TimerDocument(BaseModel):
    """A promise of a case: its limit, what is used of it, when it is due; amounts of time in seconds."""

    clause: str
    label: str
    cycle: int
    occurrence: int
    amount: int
    unit: str
    calendar: str
    allowance: float
    extended: float
    used: float
    used_percent: int
    opened_at: datetime
    running_since: datetime | None
    paused_since: datetime | None
    due_at: datetime | None
    fires_at: datetime | None
    provisional: bool
    closed_at: datetime | None
    outcome: str | None
    level: int
    policy: str
    source: str
    days: list[DayDocument]


class Timers(BaseModel):
    """The promises of a case, and the clauses that would run if the pack set their limit."""

    number: str
    timers: list[TimerDocument]
    limits_not_set: list[str]


class OfferedMoveDocument(BaseModel):
    """A move, whether it may be made now, and the schema of its form with labels in the language of the answer."""

    move: str
    label: str
    allowed: bool
    why_not: str | None = Field(description="The code of why it may not be made now.")
    reasons: list[str] = Field(description="The conditions, moves or bounds that it names, in the answer's language.")
    form: dict[str, Any] = Field(description="A JSON schema; the body of the move's request.")


class OfferedMoves(BaseModel):
    """The moves that the case's table offers to this caller in the state of the case."""

    number: str
    seq: int
    moves: list[OfferedMoveDocument]
