"""The page of the queue: the cases that the visitor may read, those first that are due first."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.console.visit import Visiting
from reports.case_search import CaseQuery, Sort, search

router = APIRouter()


@router.get("/cases")
def show_queue(visit: Visiting, text: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Show the open cases that meet a search."""
    with visit.store.looking() as tx:
        page = search(tx, visit.principal, CaseQuery(text=text, sort=Sort.DUE), visit.at)
    return visit.page("queue_rows.html" if visit.fragment else "queue.html", rows=page.cases, text=text)
