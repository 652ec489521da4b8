"""The page to which the link in an alert leads: whoever is alerted acknowledges there, without a log-in (B11).

To read it changes nothing; the button does.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from apps.api.problems import status_of
from apps.console.log_in import Anybody
from apps.web.templates import rendered
from engine.clock_doubt import refuse_doubtful_clock
from engine.outbox.duty_links import LinkedAlert, acknowledge_by_link, linked_alert
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter(prefix="/duty/alerts")

Link = Annotated[str, Path(max_length=100)]


@router.get("/{alert_link}")
def show_alert(request: Request, alert_link: Link) -> HTMLResponse:
    """Show the button by which the alert is acknowledged."""
    store = request.app.state.store
    try:
        return _page(request, alert_link, linked_alert(store, alert_link, store.now()))
    except Refused as refused:
        return _page(request, refused=refused)


@router.post("/{alert_link}")
def acknowledge_alert_by_link(request: Request, alert_link: Link, _entries: Anybody) -> HTMLResponse:
    """Acknowledge the alert."""
    store = request.app.state.store
    try:
        refuse_doubtful_clock(store)
        return _page(request, linked=acknowledge_by_link(store, alert_link, store.now()))
    except Refused as refused:
        return _page(request, refused=refused)


def _page(
    request: Request, link: str = "", linked: LinkedAlert | None = None, refused: Refused | None = None
) -> HTMLResponse:
    """Return the page: with a link the button, without one that it is done, or why not."""
    locale = request.state.locale
    why = refusal(locale, refused, on_web=True) if refused else ""
    html = rendered("console/duty_link.html", locale, link=link, linked=linked, why=why)
    return HTMLResponse(html, status_of(refused) if refused else 200)
