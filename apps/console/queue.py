"""The page of the queue: the cases that wait for the visitor, in the order of work; filters, search, saved filters."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from apps.console.queue_filters import LONGEST_NAME, QueueFilters, codes_only, good_name
from apps.console.visit import Sent, Visit, Visiting
from apps.form_choices import people_of
from apps.principal_queue import Share, queue_seen
from engine.access.scope import NO_CASES_OF_OWN
from engine.departments import departments
from engine.saved_filters import SavedFilter, remove_filter, save_filter, saved_filters
from locales.translation import label
from statemachines.forms import Severity
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import DESK

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
    with visit.store.looking() as tx:
        saved = saved_filters(tx, visit.principal.actor.id)
    return visit.page(
        "queue.html",
        **values,
        saved=saved,
        shares=list(Share),
        choices=_choices(visit),
        takes_contacts=not roles.isdisjoint(DESK),
    )


@router.post("/cases/filters")
def save_or_remove_filter(visit: Visiting, entries: Sent) -> Response:
    """Save the filters that are shown under a name, or remove those of a name."""
    name, address = entries.text("name"), codes_only(entries.text("query"))
    if not good_name(name):
        raise Refused("bad_filter_name", most=LONGEST_NAME)
    if entries.text("remove") == "true":
        remove_filter(visit.store, visit.principal.actor.id, name)
        return visit.go_to(f"/cases?{address}&done=filter_removed")
    save_filter(visit.store, visit.principal.actor.id, SavedFilter(name, address), visit.at)
    return visit.go_to(f"/cases?{address}&done=filter_saved")


def _choices(visit: Visit) -> dict[str, Any]:
    """Return what the filters offer: kinds with their natures, states by kind, departments, severities, levels."""
    locale, known = visit.locale, sorted(lifecycles().values(), key=lambda table: (table.internal, table.kind))
    with visit.store.looking() as tx:
        houses, people = sorted(departments(tx)), people_of(tx, locale, visit.at)
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
        "people": people,
        "levels": [(str(level), label(locale, "", "level", str(level))) for level in range(4)],
    }  # fmt: skip
