"""The pages on which a drawn contact is scored, and on which the scored person reads it and objects (F5)."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.case_timeline import timeline
from apps.console.conduct import Id
from apps.console.conduct_forms import AnswerForm, ObjectionForm
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_conduct import (
    SCORES_CONDUCT,
    SeenContact,
    answer_for,
    contact_seen,
    object_for,
    own_sheets_seen,
    score_for,
)
from apps.principal_reports import refuse_others
from apps.web.entries import Entries
from apps.web.form_entries import filled
from apps.web.form_fields import NO_CHOICES, FormReader, errors_by_field, form_fields
from engine.conduct.score import GivenMark, Outcome
from engine.conduct.sheets import GivenSheet
from locales.translation import refusal
from locales.zone import reader_zone
from statemachines.refused import Refused

router = APIRouter(prefix="/conduct")

NOTE = "note_"
"""Begins the name of the field for the note to an item."""


@router.get("/draws/{draw_id}/{position}")
def show_contact(draw_id: Id, position: Id, visit: Visiting) -> HTMLResponse:
    """Show a drawn contact: its text, its sheets, and the form of a new one."""
    return _contact(visit, draw_id, position)


@router.post("/draws/{draw_id}/{position}")
def score(draw_id: Id, position: Id, visit: Visiting, entries: Sent) -> Response:
    """Score a drawn contact, or correct its sheet."""
    refuse_others(visit.principal, SCORES_CONDUCT)
    given = entries.given()
    names = [name for name in given if not name.startswith(NOTE)]
    marks = {name: GivenMark(given[name], given.get(f"{NOTE}{name}", "")) for name in names}
    text = entries.text("_seq")
    revision = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    sheet = GivenSheet(draw_id, position, revision, marks, entries.text("_reason"))
    try:
        score_for(visit.store, visit.principal, sheet, visit.working_time(), entries.text("_key") or None)
    except Refused as refused:
        return _contact(visit, draw_id, position, entries, refused)
    return visit.go_to(f"/conduct/draws/{draw_id}?done=scored")


@router.post("/draws/{draw_id}/{position}/answers/{sheet_id}")
def answer(draw_id: Id, position: Id, sheet_id: Annotated[int, Path(ge=1)], visit: Visiting, entries: Sent) -> Response:
    """Answer the objection to a sheet."""
    refuse_others(visit.principal, SCORES_CONDUCT)
    try:
        form = filled(AnswerForm, entries.given(), reader_zone())
        answer_for(visit.store, visit.principal, sheet_id, form.objection_answer, visit.working_time())
    except Refused as refused:
        return _contact(visit, draw_id, position, entries, refused)
    return visit.go_to(f"/conduct/draws/{draw_id}/{position}?done=objection_answered")


@router.get("/own")
def show_own(visit: Visiting) -> HTMLResponse:
    """Show the sheets about the visitor's own contacts."""
    return _own(visit)


@router.post("/own/{sheet_id}")
def object_to(sheet_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Object to a sheet about a contact of one's own."""
    given = entries.given()
    try:
        form = filled(ObjectionForm, given, reader_zone())
        object_for(visit.store, visit.principal, sheet_id, form.objection, visit.working_time())
    except Refused as refused:
        return _own(visit, sheet_id, given, refused)
    return visit.go_to("/conduct/own?done=objected")


def _contact(
    visit: Visit, draw_id: int, position: int, entries: Entries | None = None, refused: Refused | None = None
) -> HTMLResponse:
    seen = contact_seen(visit.store, visit.principal, draw_id, position, visit.at)
    reader = FormReader(visit.locale, seen.kind, NO_CHOICES)
    reviewer = bool(visit.principal.actor.roles & SCORES_CONDUCT)
    values = {
        "entry": timeline(seen.kind, [seen.move], [], [], [], visit.locale)[0],
        "outcomes": list(Outcome),
        "typed": _typed(seen, entries),
        "reason": entries.text("_reason") if entries else "",
        "errors": errors_by_field(refused, visit.locale),
        "answer_fields": form_fields(AnswerForm, reader, entries.given() if entries else {}, refused),
        "may_score": reviewer and not seen.own,
        "reviewer": reviewer,
        "why": refusal(visit.locale, refused, on_web=True) if refused else "",
    }
    return visit.page("conduct_contact.html", status_of(refused) if refused else 200, seen=seen, **values)


def _typed(seen: SeenContact, entries: Entries | None) -> dict[str, tuple[str, str]]:
    """Return outcome and note of each item: as typed, else as in the newest sheet, else empty."""
    kept = {mark.item: (mark.outcome.value, mark.note or "") for mark in seen.sheets[0].marks} if seen.sheets else {}
    return {
        item.code: (entries.text(item.code), entries.text(f"{NOTE}{item.code}"))
        if entries is not None and "_seq" in entries
        else kept.get(item.code, ("", ""))
        for item in seen.checklist.items
    }


def _own(
    visit: Visit, sheet_id: int = 0, entries: dict[str, str] | None = None, refused: Refused | None = None
) -> HTMLResponse:
    reader = FormReader(visit.locale, "", NO_CHOICES)
    typed = form_fields(ObjectionForm, reader, entries or {}, refused)
    values = {
        "sheets": own_sheets_seen(visit.store, visit.principal),
        "fields": lambda sheet: typed if sheet.id == sheet_id else form_fields(ObjectionForm, reader, {}),
        "refused_sheet": sheet_id,
        "why": refusal(visit.locale, refused, on_web=True) if refused else "",
    }
    return visit.page("conduct_own.html", status_of(refused) if refused else 200, **values)
