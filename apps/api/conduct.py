"""Routes of conduct samples: draw contacts, read and score them, object and answer, read the figures (F5)."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from apps.api.caller import Called, IdempotencyKey
from apps.api.conduct_schemas import (
    Accepted,
    ConductFigures,
    ContactDocument,
    DrawDocument,
    Draws,
    DrawWithContacts,
    FigureQuery,
    NewDraw,
    NewSheet,
    OwnSheets,
    SheetDocument,
    Words,
)
from apps.api.responses import READ, WRITE
from apps.conduct_documents import contact_document, sheet_document
from apps.principal_conduct import (
    answer_for,
    conduct_figures_seen,
    contact_seen,
    draw_for,
    draw_seen,
    draws_seen,
    object_for,
    own_sheets_seen,
    period_of,
    score_for,
)
from engine.access.principal import Scope
from engine.conduct.draws import WantedSample
from engine.conduct.score import GivenMark
from engine.conduct.sheets import GivenSheet

router = APIRouter(prefix="/conduct", tags=["conduct"])

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/draws", responses=READ)
def list_draws(caller: Called) -> Draws:
    """List the draws, the newest first."""
    caller.needs(Scope.READ_CASES)
    return Draws(draws=[DrawDocument(**asdict(each)) for each in draws_seen(caller.store, caller.principal)])


@router.post("/draws", responses=WRITE)
def draw_contacts(body: NewDraw, caller: Called, key: IdempotencyKey) -> DrawDocument:
    """Draw contacts at random; the seed is chosen here, and the draw is recorded with its population."""
    caller.read_in_own_zone()
    since, until = period_of(body.since, body.until)
    wanted = WantedSample(body.channel, since, until, body.size, body.department, body.staff)
    draw_id = draw_for(caller.store, caller.principal, wanted, caller.working_time(), key)
    return DrawDocument(**asdict(draw_seen(caller.store, caller.principal, draw_id, caller.at).draw))


@router.get("/draws/{draw_id}", responses=READ)
def show_draw(draw_id: Id, caller: Called) -> DrawWithContacts:
    """Return a draw with its contacts, and whether it gives the same again."""
    caller.needs(Scope.READ_CASES)
    found = asdict(draw_seen(caller.store, caller.principal, draw_id, caller.at))
    for contact in found["contacts"]:
        contact["score"] = None if contact["score"] is None else contact["score"] / 100
    return DrawWithContacts(**found)


@router.get("/draws/{draw_id}/contacts/{position}", responses=READ)
def show_drawn_contact(draw_id: Id, position: Id, caller: Called) -> ContactDocument:
    """Return a drawn contact with its text and its sheets; the reading is logged."""
    caller.needs(Scope.READ_CASES)
    seen = contact_seen(caller.store, caller.principal, draw_id, position, caller.at)
    return ContactDocument(**contact_document(seen))


@router.post("/draws/{draw_id}/contacts/{position}/sheets", responses=WRITE)
def score_drawn_contact(
    draw_id: Id, position: Id, body: NewSheet, caller: Called, key: IdempotencyKey
) -> SheetDocument:
    """Score a drawn contact, or correct its sheet with a reason."""
    marks = {item: GivenMark(mark.outcome, mark.note) for item, mark in body.marks.items()}
    given = GivenSheet(draw_id, position, body.revision, marks, body.reason)
    sheet = score_for(caller.store, caller.principal, given, caller.working_time(), key)
    return SheetDocument(**sheet_document(sheet))


@router.get("/own-sheets", responses=READ)
def list_own_sheets(caller: Called) -> OwnSheets:
    """List the sheets about the caller's own contacts."""
    caller.needs(Scope.READ_CASES)
    found = own_sheets_seen(caller.store, caller.principal)
    return OwnSheets(sheets=[SheetDocument(**sheet_document(each.sheet)) for each in found])


@router.post("/sheets/{sheet_id}/objection", responses=WRITE)
def object_to_own_sheet(sheet_id: Id, body: Words, caller: Called) -> Accepted:
    """Object to the newest sheet about a contact of one's own, once."""
    object_for(caller.store, caller.principal, sheet_id, body.text, caller.working_time())
    return Accepted(sheet=sheet_id)


@router.post("/sheets/{sheet_id}/answer", responses=WRITE)
def answer_conduct_objection(sheet_id: Id, body: Words, caller: Called) -> Accepted:
    """Answer an objection. Refuse whoever scored the contact."""
    answer_for(caller.store, caller.principal, sheet_id, body.text, caller.working_time())
    return Accepted(sheet=sheet_id)


@router.get("/figures", responses=READ)
def show_conduct_figures(query: Annotated[FigureQuery, Query()], caller: Called) -> ConductFigures:
    """Return how scored contacts were found, by person, department or channel."""
    caller.needs(Scope.READ_REPORTS)
    caller.read_in_own_zone()
    since, until = period_of(query.since, query.until)
    groups = conduct_figures_seen(caller.store, caller.principal, since, until, query.by)
    return ConductFigures(since=since, until=until, by=query.by, groups=[asdict(each) for each in groups])
