"""Routes that read one case: as it stands, its history, its timers, what may be done with it now."""

from typing import Any

from fastapi import APIRouter, Response

from apps.api.caller import Called, etag
from apps.api.case_documents import CaseDocument
from apps.api.case_schemas import (
    CaseDetail,
    CustomerDocument,
    DayDocument,
    History,
    HistoryEntry,
    LinkDocument,
    Links,
    OfferedMoveDocument,
    OfferedMoves,
    StatementDocument,
    Statements,
    TimerDocument,
    Timers,
)
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
