"""The page of a case: what is awaited and from whom, what runs out when, what happened, what the visitor may do."""

import json
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse

from apps.api.problems import status_of
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_case_page import case_page_seen, unmasked_for, why_not
from apps.principal_reports import RECOGNISES
from apps.timer_explanation import row_of
from apps.variable_views import labelled
from engine.access.masking import Disclosure, PersonalData
from locales.translation import refusal
from reports.case_page import asked_people
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

router = APIRouter(prefix="/cases/{number}")

CaseNumber = Annotated[str, Path(max_length=100, pattern=r"^[a-z]{2}-")]
"""The number of a case; a page of the same room with another name is none."""


@router.get("")
def show_case(
    number: CaseNumber, visit: Visiting, history: Annotated[Literal["all"] | None, Query()] = None
) -> HTMLResponse:
    """Show one case, with its newest moves or all; a script asks for the parts of the page that change."""
    return case_answer(visit, number, whole=history is not None)


@router.post("/unmask")
def unmask_case(number: CaseNumber, visit: Visiting, entries: Sent) -> HTMLResponse:
    """Show the case once with what was masked; the reading log keeps the reason."""
    try:
        unmasked = unmasked_for(
            visit.store, visit.principal, number, entries.all("fields"), entries.text("reason"), visit.at
        )
    except Refused as refused:
        if refused.code == "unknown_case":
            raise
        typed = {"fields": " ".join(entries.all("fields")), "reason": entries.text("reason")}
        return case_answer(visit, number, status=status_of(refused), typed=typed, refused=refused)
    return case_answer(visit, number, unmasked=unmasked)


def case_answer(
    visit: Visit,
    number: str,
    status: int = 200,
    *,
    whole: bool = False,
    unmasked: Disclosure | None = None,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
) -> HTMLResponse:
    """Answer with the page of a case. ``typed`` and ``refused`` are of a form on it that was refused."""
    seen = case_page_seen(visit.store, visit.principal, number, visit.at, visit.locale, unmasked, whole=whole)
    case, timers = seen.seen.case, seen.timers.timers
    open_timers = [(timer, days) for timer, days in timers if timer.outcome is None]
    return visit.page(
        "case_live.html" if visit.fragment else "case.html",
        status,
        page=seen,
        whole=whole,
        case=case,
        known=labelled(visit.locale, case.kind, json.loads(case.variables), seen.indicators),
        open_timers=sorted(open_timers, key=lambda each: (each[0].due_at is None, each[0].due_at or visit.at)),
        ended_timers=[timer for timer, _ in timers if timer.outcome is not None],
        day_row=row_of,
        asked=lambda reason: asked_people(visit.locale, *reason.asked),
        why_not=partial(why_not, case.kind, locale=visit.locale),
        maskable=[field.value for field in PersonalData],
        unmasked=unmasked is not None,
        hands_codes=bool(visit.principal.actor.roles & RECOGNISES) and not lifecycle_of(case.kind).internal,
        typed=typed or {},
        error=refusal(visit.locale, refused, on_web=True) if refused else "",
    )
