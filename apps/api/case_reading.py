"""Routes that read one case: as it stands, its history, its timers, what may be done with it now."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from apps.api.caller import Called, etag
from apps.api.case_documents import CaseDocument
from apps.api.cases import CaseNumber
from apps.api.responses import READ
from apps.principal_views import case_seen, history_seen, links_seen, moves_seen, timers_seen
from apps.timer_explanation import CountedDay
from apps.timer_views import TimerView
from apps.variable_views import LinkView, field_label
from engine.access.moves import OfferedMove
from engine.access.principal import Scope
from locales.translation import label
from statemachines.form_model import PERSONAL, marked

router = APIRouter(prefix="/cases/{number}", tags=["cases"])


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


@router.get("", responses=READ)
def show_case(number: CaseNumber, caller: Called, response: Response) -> CaseDetail:
    """Return one case as it stands, with its customer and its relatives."""
    caller.needs(Scope.READ_CASES)
    seen = case_seen(caller.store, caller.principal, number, caller.at)
    response.headers["ETag"] = etag(seen.case.version)
    customer = seen.customer
    shown = customer and CustomerDocument(name=customer.name, phone=customer.phone, email=customer.email)
    return CaseDetail(
        **CaseDocument.fields_of(seen.case, caller.locale),
        customer=shown,
        masked=seen.masked,
        unusable=seen.unusable,
        links=list(map(_link, seen.links)),
    )


@router.get("/history", responses=READ)
def show_history(number: CaseNumber, caller: Called) -> History:
    """Return every move of a case, with what was said."""
    caller.needs(Scope.READ_CASES)
    seen = history_seen(caller.store, caller.principal, number, caller.at)
    moves = [
        HistoryEntry(
            **move.document(),
            move_label=label(caller.locale, seen.kind, "move", move.move),
            dest_label=label(caller.locale, seen.kind, "state", move.dest),
        )
        for move in seen.moves
    ]
    return History(number=number, masked=seen.masked, moves=moves)


@router.get("/statements", responses=READ)
def show_statements(number: CaseNumber, caller: Called) -> Statements:
    """Return what the customer and the staff said on a case, in order."""
    caller.needs(Scope.READ_CASES)
    seen = history_seen(caller.store, caller.principal, number, caller.at)
    statements = [
        StatementDocument(
            seq=move.seq,
            move=move.move,
            field=name,
            field_label=field_label(caller.locale, seen.kind, name),
            actor=move.actor,
            occurred_at=move.occurred_at,
            content=move.form[name],
        )
        for move in seen.moves
        for name in sorted(move.statements)
    ]
    return Statements(number=number, masked=seen.masked, statements=statements)


@router.get("/links", responses=READ)
def show_links(number: CaseNumber, caller: Called) -> Links:
    """Return the cases to which a case is linked, as far as the caller may know of them."""
    caller.needs(Scope.READ_CASES)
    case, links = links_seen(caller.store, caller.principal, number, caller.at)
    return Links(number=case.number, links=list(map(_link, links)))


@router.get("/timers", responses=READ)
def show_timers(number: CaseNumber, caller: Called) -> Timers:
    """Return the promises of a case, each explained day by day: working hours, holidays, pauses."""
    caller.needs(Scope.READ_CASES)
    seen = timers_seen(caller.store, caller.principal, number, caller.at, caller.locale)
    timers = [_timer(timer, days, seen.kind, caller.locale) for timer, days in seen.timers]
    return Timers(number=number, timers=timers, limits_not_set=seen.unset)


@router.get("/moves", responses=READ)
def show_moves(number: CaseNumber, caller: Called, response: Response) -> OfferedMoves:
    """Return the moves of this caller on the case, each with the schema of its form."""
    caller.needs(Scope.READ_CASES)
    case, offered = moves_seen(caller.store, caller.principal, number, caller.at)
    response.headers["ETag"] = etag(case.version)
    moves = [_offered(each, case.kind, caller.locale) for each in offered]
    return OfferedMoves(number=case.number, seq=case.version, moves=moves)


def _link(link: LinkView) -> LinkDocument:
    return LinkDocument(number=link.case, **{name: value for name, value in link.document().items() if name != "case"})


def _timer(timer: TimerView, days: list[CountedDay], kind: str, locale: str) -> TimerDocument:
    amounts = {name: getattr(timer, name).total_seconds() for name in ("allowance", "extended", "used")}
    same = {name: getattr(timer, name) for name in TimerDocument.model_fields if hasattr(timer, name)}
    shown = [DayDocument(**day.document()) for day in days]
    return TimerDocument(**same | amounts, label=timer.promise(kind, locale), days=shown)


def _offered(offered: OfferedMove, kind: str, locale: str) -> OfferedMoveDocument:
    sort = "move" if offered.why_not == "own_work" else "guard"
    return OfferedMoveDocument(
        move=offered.name,
        label=label(locale, kind, "move", offered.name),
        allowed=offered.why_not is None,
        why_not=offered.why_not,
        reasons=[label(locale, kind, sort, name) for name in offered.reasons],
        form=_schema(offered, kind, locale),
    )


def _schema(offered: OfferedMove, kind: str, locale: str) -> dict[str, Any]:
    """Return the JSON schema of a form: each field by its label, those that hold a customer's words marked."""
    schema = offered.form.model_json_schema()
    personal = marked(offered.form, PERSONAL)
    for name, field in schema.get("properties", {}).items():
        field["title"] = field_label(locale, kind, name)
        if name in personal:
            field["x-personal"] = True
    schema["title"] = label(locale, kind, "move", offered.name)
    return schema
