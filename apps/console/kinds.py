"""Lifecycles as drawings: the way of one case, and each kind as its cases lived it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from apps.console.case_page import CaseNumber
from apps.console.visit import Visiting
from apps.lifecycle_views import case_drawing, kind_drawing
from apps.principal_reports import READS_FIGURES, lived_seen
from apps.principal_views import case_seen, history_seen, timers_seen
from reports.discovered_model import span

router = APIRouter()

PERIOD = timedelta(days=365)
"""How far back the page of a kind counts."""
Kind = Annotated[str, Path(max_length=100)]


@router.get("/cases/{number}/diagram")
def show_way(number: CaseNumber, visit: Visiting) -> HTMLResponse:
    """Show the lifecycle of a case with the way it went, where it stands and what runs."""
    case = case_seen(visit.store, visit.principal, number, visit.at).case
    history = history_seen(visit.store, visit.principal, number, visit.at)
    timers = timers_seen(visit.store, visit.principal, number, visit.at, visit.locale).timers
    running = [timer.promise(case.kind, visit.locale) for timer, _ in timers if timer.running_since is not None]
    figures = bool(visit.principal.actor.roles & READS_FIGURES)
    drawn = case_drawing(case.kind, case.state, history.moves, running, visit.locale)
    return visit.page("case_diagram.html", case=case, drawn=drawn, running=running, figures=figures)


@router.get("/kinds/{kind}")
def show_kind(kind: Kind, visit: Visiting) -> HTMLResponse:
    """Show how the cases of a kind lived its lifecycle: counts, median times, how many fit it."""
    since = visit.at - PERIOD
    lived = lived_seen(visit.store, visit.principal, kind, since)
    return visit.page(
        "kind.html",
        lived=lived,
        kind=lived.model.kind,
        since=since,
        drawing=kind_drawing(lived.model, visit.locale),
        span=span,
    )
