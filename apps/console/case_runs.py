"""The Prefect runs that worked on a case: a part of the page of the case, and a page of its own without scripts."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from apps.console.visit import Visiting
from apps.principal_runs import run_links

router = APIRouter()


@router.get("/cases/{number}/runs")
def show_runs(visit: Visiting, number: Annotated[str, Path(max_length=100)]) -> HTMLResponse:
    """Show the runs of a case."""
    runs = run_links(visit.store, visit.settings, visit.principal, number, visit.at)
    return visit.page("case_runs_part.html" if visit.fragment else "case_runs.html", number=number, runs=runs)
