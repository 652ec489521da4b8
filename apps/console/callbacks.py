"""The pages of callbacks: the list of a day by caller, and the call screen."""

from dataclasses import replace
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator

from apps.api.case_documents import kind_of_number
from apps.api.problems import status_of
from apps.api.reports import Day
from apps.console.decisions import why_not_text
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_calls import ANSWERED, CALLS, IN_VAIN, RELATIONS, SeenCall, call_seen, open_from_call
from apps.principal_moves import WantedMove, move_for
from apps.principal_reports import callbacks_seen, refuse_others
from apps.principal_views import links_seen
from apps.web.entries import Entries
from apps.web.form_entries import form_values
from apps.web.form_fields import Choices, FormField, FormReader, errors_by_field, form_fields
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.forms import Attempt, Survey
from statemachines.refused import Refused

router = APIRouter()

CaseNumber = Annotated[str, Path(max_length=100)]
SCORES = tuple((str(score), str(score)) for score in range(1, 6))
OptionalDay = Annotated[Day, BeforeValidator(lambda text: text or None)]
"""A day; a field that was left blank names none."""
ALWAYS = ("outcome", "words", "need")
"""The fields of a survey that every questionnaire asks."""


@router.get("/callbacks")
def list_callbacks(
    visit: Visiting,
    day: Annotated[OptionalDay, Query()] = None,
    owner: Annotated[str | None, Query(max_length=100)] = None,
) -> HTMLResponse:
    """Show the callbacks of a day, by caller and in the order in which to call."""
    refuse_others(visit.principal, CALLS)
    shown, every = callbacks_seen(visit.store, visit.principal, visit.at, day, None)
    lines = [line for line in every if not owner or line.owner == owner]
    own = visit.principal.actor.handle
    callers = {name: list(some) for name, some in groupby(lines, key=lambda line: line.owner)}
    in_order = sorted(callers.items(), key=lambda item: (item[0] != own, item[0] is None, item[0] or ""))
    values = {
        "day": shown,
        "callers": in_order,
        "owner": owner or "",
        "owners": sorted({line.owner for line in every if line.owner}),
    }
    return visit.page("callback_rows.html" if visit.fragment else "callbacks.html", **values)


@router.get("/callbacks/{number}")
def show_call(visit: Visiting, number: CaseNumber) -> HTMLResponse:
    """Show the call screen of a case."""
    return _call(visit, number)


def _call(
    visit: Visit, number: str, move: str = "", entries: Entries | None = None, refused: Refused | None = None
) -> HTMLResponse:
    """Return the call screen; ``move`` is the form that was refused, with what was typed in it."""
    call, locale = call_seen(visit.store, visit.principal, number, visit.at, visit.locale), visit.locale
    scores = Choices(by_name=dict.fromkeys(call.questions, SCORES))
    reader, typed = FormReader(locale, call.seen.case.kind, scores), entries or {}
    survey = form_fields(Survey, reader, *((typed, refused) if move == ANSWERED else ({}, None)))
    in_vain = form_fields(Attempt, reader, *((typed, refused) if move == IN_VAIN else ({}, None)))
    _, links = links_seen(visit.store, visit.principal, number, visit.at)
    at_the_field = move == ANSWERED and bool(errors_by_field(refused, locale))
    values: dict[str, Any] = {
        "call": call,
        "survey": _questions(survey, call),
        "in_vain": [_reason(field, reader, visit.text("calls.why")) for field in in_vain if field.name == "reason"],
        "kinds": list(RELATIONS),
        "children": [link for link in links if link.direction == "child"],
        "opened_kind": typed.get("kind", ""),
        "opened_text": typed.get("text", ""),
        "why_not": why_not_text(locale),
        "error": refusal(locale, refused, on_web=True) if refused and not at_the_field else "",
    }
    return visit.page("call.html", status_of(refused) if refused else 200, **values)


def _questions(fields: list[FormField], call: SeenCall) -> list[FormField]:
    """Return the fields of the survey that the questionnaire asks, each score under the words of its question."""
    asked = call.questions
    shown = [field for field in fields if field.name in ALWAYS or field.name in asked]
    return [replace(field, label=asked[field.name]) if field.name in asked else field for field in shown]


def _reason(field: FormField, reader: FormReader, title: str) -> FormField:
    """Return the field of why nobody answered, with the words of a callback's outcome."""
    return replace(
        field,
        label=title,
        required=True,
        choices=tuple((code, reader.label("outcome", code)) for code, _ in field.choices),
    )


@router.post("/callbacks/{number}")
def record_call(visit: Visiting, number: CaseNumber, entries: Sent) -> Response:
    """Record what came of a call: the customer's answers, or that nobody answered."""
    move = ANSWERED if entries.text("_move") == ANSWERED else IN_VAIN
    form: dict[str, Any] = form_values(Survey if move == ANSWERED else Attempt, entries.given(), reader_zone())
    if move == IN_VAIN:
        form["attempts"] = entries.text("_attempt")
    try:
        seq = int(entries.text("_seq")) if entries.text("_seq").isdecimal() else None
        at = visit.working_time()
        answer = move_for(
            visit.store, visit.principal, WantedMove(number, move, form, seq), entries.text("_key") or None, at
        )
    except Refused as refused:
        return _call(visit, number, move, entries, refused)
    visit.figures.moved(kind_of_number(answer.number), move)
    return visit.go_to("/callbacks?done=answered" if move == ANSWERED else "/callbacks?done=in_vain")


@router.post("/callbacks/{number}/cases")
def open_from_answer(visit: Visiting, number: CaseNumber, entries: Sent) -> Response:
    """Open a lead or a complaint for what the customer said."""
    kind, text, key = entries.text("kind"), entries.text("text"), entries.text("_key")
    try:
        open_from_call(visit.store, visit.principal, number, kind, text, key, visit.working_time())
    except Refused as refused:
        return _call(visit, number, "open", entries, refused)
    return visit.go_to(f"/callbacks/{number}?done=opened")
