"""The page of one's own case: what was promised, what was said, and what the customer may do."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from apps.api.case_documents import kind_of_number
from apps.api.problems import status_of
from apps.api.session_cookie import check_site
from apps.portal.case_forms import ATTACH, SIGNING, customer_moves, move_forms, values_of
from apps.portal.visit import Sent, Visit, Visiting, check_own
from apps.principal_care import own_consent
from apps.principal_moves import key_of
from apps.principal_portal import move_own_case, own_case, own_number
from apps.web.entries import Entries
from apps.web.uploads import sent_files
from engine.access.principal import PrincipalKind
from engine.accounts.customer_keys import count_move
from engine.attachments.attach import attach
from engine.attachments.upload import limits_of
from engine.ledger.record import CaseRow
from locales.translation import catalogue, refusal
from locales.zone import reader_zone
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

router = APIRouter()

ENDED = frozenset({"portal_visit_ended", "csrf_refused"})
MOVED_ON = "stale"
NOT_NOW = frozenset({"blank_bound", "guard", "not_now", "role", "took_part"})
"""Refusals whose texts tell members of staff what they could do instead."""


@router.get("/case")
def show_own_case(visit: Visiting) -> HTMLResponse:
    """Show the case to which the visitor was let."""
    return _page(visit)


@router.post("/case/{move}")
def move_case(visit: Visiting, move: Annotated[str, Path(max_length=40)], entries: Sent) -> Response:
    """Make a move on one's own case. A form that was sent twice moves it once."""
    check_own(visit, entries.text("_csrf"))
    seen = own_case(visit.store, visit.principal, visit.at)
    table = lifecycle_of(seen.case.kind)
    if move not in customer_moves(table):
        raise Refused("portal_no_page")
    form = table.rows[move][0].form
    seq = int(text) if (text := entries.text("_seq")).isascii() and text.isdigit() and len(text) < 9 else None
    try:
        count_move(visit.store, visit.principal, visit.at)
        values = values_of(move, form, entries.given(), reader_zone())
        move_own_case(visit.store, visit.principal, move, values, seq, entries.text("_key"), visit.working_time())
    except Refused as refused:
        if refused.code in ENDED:
            raise
        return _page(visit, move, entries, refused)
    visit.figures.moved(seen.case.kind, move)
    return visit.go_to(f"/case?done={move}")


@router.post("/files")
async def add_files(visit: Visiting, request: Request) -> Response:
    """Add photos or other files to one's own case, with a remark."""
    check_site(request, visit.settings)
    sent = await sent_files(request, visit.settings)
    check_own(visit, sent.entries.text("_csrf"))
    limits = await run_in_threadpool(limits_of, visit.settings)
    note, key = sent.entries.text("note") or None, sent.entries.text("_key")

    def take_in() -> Response:
        at = visit.working_time()
        number = own_number(visit.store, visit.principal, at)
        own = key_of(visit.store, visit.principal, f"{number}:{key}")
        try:
            count_move(visit.store, visit.principal, at)
            attach(visit.store, visit.principal, number, list(sent.files), limits, at, note, own)
        except Refused as refused:
            return _page(visit, ATTACH, Entries([("note", note or "")]), refused)
        visit.figures.moved(kind_of_number(number), ATTACH)
        return visit.go_to("/case?done=attach")

    return await run_in_threadpool(take_in)


def _page(
    visit: Visit, tried: str = "", entries: Entries | None = None, refused: Refused | None = None
) -> HTMLResponse:  # fmt: skip
    seen = own_case(visit.store, visit.principal, visit.at)
    why = "" if refused is None else _reason(visit, refused)
    forms = move_forms(seen, visit.locale, tried, entries.given() if entries is not None else {}, refused, why)
    may_greet, consent = own_consent(visit.store, visit.principal)
    unplaced = why if tried and tried not in {form.name for form in forms} else ""
    return visit.page(
        "case.html",
        200 if refused is None else status_of(refused),
        seen=seen,
        case=seen.case,
        forms=forms,
        why=unplaced,
        may_attach=any(move.name == ATTACH for move in seen.moves),
        note=entries.text("note") if entries is not None and tried == ATTACH else "",
        may_greet=may_greet,
        greeted=consent is not None and consent.given,
        reporter=visit.principal.kind is PrincipalKind.REPORTER,
        now=_now(visit, seen.case),
    )


def _now(visit: Visit, case: CaseRow) -> str:
    """Return how the case stands, by its state or its milestone, in the words of its kind where it has some."""
    of_state = f"state.{case.kind}.{case.state}"
    if f"portal.{of_state}" in catalogue(visit.locale):
        return visit.text(of_state, **json.loads(case.variables))
    milestone = lifecycle_of(case.kind).state[case.state].milestone
    own = f"milestone.{case.kind}.{milestone}"
    return visit.text(own if f"portal.{own}" in catalogue(visit.locale) else f"milestone.{milestone}")


def _reason(visit: Visit, refused: Refused) -> str:
    """Return why a move was refused, in the words of the portal where its own would be meant for staff."""
    if refused.code == MOVED_ON:
        return visit.text("case.moved_on")
    if refused.code in NOT_NOW:
        return visit.text("case.not_signed" if refused.params.get("move") == SIGNING else "case.not_now")
    return refusal(visit.locale, refused, on_web=True)
