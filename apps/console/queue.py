"""The page of the queue: the cases that wait for the visitor, in the order of work; filters, search, saved filters."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from apps.api.session_cookie import is_secure
from apps.console.queue_filters import (
    LONGEST_NAME,
    QueueFilters,
    SavedFilter,
    codes_only,
    drop_filter,
    good_name,
    keep_filter,
    saved_filters,
)
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_queue import Share, queue_seen
from engine.access.scope import NO_CASES_OF_OWN
from engine.departments import departments
from locales.translation import label
from statemachines.forms import Severity
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

router = APIRouter()

PACK = "logistics"
"""In whose region a telephone number without a country code is searched."""


@router.get("/cases")
def show_queue(visit: Visiting, filters: Annotated[QueueFilters, Query()]) -> HTMLResponse:
    """Show the open cases that wait for the visitor, or those that meet a search."""
    share = filters.shown_share
    queue = queue_seen(visit.store, visit.principal, share, filters.query(), PACK, visit.at, filters.cursor)
    roles = visit.principal.actor.roles
    values: dict[str, Any] = {"queue": queue, "filters": filters, "share": share, "reads": not roles <= NO_CASES_OF_OWN}
    if visit.fragment:
        return visit.page("queue_rows.html", **values)
    saved = saved_filters(visit.request, visit.principal.actor.handle)
    return visit.page("queue.html", **values, saved=saved, shares=list(Share), choices=_choices(visit))


@router.post("/cases/filters")
def save_filter(visit: Visiting, entries: Sent) -> Response:
    """Save the filters that are shown under a name, or remove those of a name."""
    name, address = entries.text("name"), codes_only(entries.text("query"))
    if not good_name(name):
        raise Refused("bad_filter_name", most=LONGEST_NAME)
    handle, secure = visit.principal.actor.handle, is_secure(visit.request)
    if entries.text("remove") == "true":
        response = visit.go_to(f"/cases?{address}&done=filter_removed")
        drop_filter(visit.request, response, handle, name, secure=secure)
    else:
        response = visit.go_to(f"/cases?{address}&done=filter_saved")
        keep_filter(visit.request, response, handle, SavedFilter(name, address), secure=secure)
    return response


def _choices(visit: Visit) -> dict[str, Any]:
    """Return what the filters offer: kinds with their natures, states by kind, departments, severities, levels."""
    locale, known = visit.locale, sorted(lifecycles().values(), key=lambda table: (table.internal, table.kind))
    with visit.store.looking() as tx:
        houses = sorted(departments(tx))
    return {
        "kinds": [
            (table.kind, label(locale, "", "kind", table.kind), [
                (nature, label(locale, "", "nature", nature)) for nature in table.natures if nature != table.kind
            ])
            for table in known
        ],
        "states": [
            (label(locale, "", "kind", table.kind), [
                (f"{table.kind}.{state.name}", label(locale, table.kind, "state", state.name)) for state in table.states
            ])
            for table in known
        ],
        "departments": [(code, label(locale, "", "department", code)) for code in houses],
        "severities": [(code.value, label(locale, "", "severity", code.value)) for code in reversed(Severity)],
        "levels": [(str(level), label(locale, "", "level", str(level))) for level in range(4)],
    }  # fmt: skip
