"""The page of an invitation: whoever was sent its link sets his password.

The code stands after the # of the link, which no browser sends; a script puts it into the form. Without scripts it is
copied there by hand.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.api.problems import status_of
from apps.api.session_cookie import log_in_rules
from apps.console.log_in import OWN, Anybody
from apps.web.templates import rendered
from engine.accounts.invitations import accept, count_acceptance
from locales.translation import refusal, translate
from statemachines.refused import Refused

router = APIRouter(prefix="/invitation")


@router.get("")
def show(request: Request) -> HTMLResponse:
    """Show the form for the password."""
    return _page(request)


@router.post("")
def take(request: Request, entries: Anybody) -> Response:
    """Set the password, and lead to the log-in."""
    store, locale = request.app.state.store, request.state.locale
    at, code, password = store.now(), entries.text("code"), entries.get("password", "")
    address = request.client.host if request.client else ""
    if password != entries.get("again", ""):
        return _page(request, 422, code, translate(locale, "console.invitation.differ"))
    try:
        count_acceptance(store, address, at)
        accept(store, code, password, at, log_in_rules(request))
    except Refused as refused:
        return _page(request, status_of(refused), code, refusal(locale, refused, on_web=True))
    return RedirectResponse(f"{OWN}login?notice=welcome", 303)


def _page(request: Request, status: int = 200, code: str = "", why: str = "") -> HTMLResponse:
    return HTMLResponse(rendered("console/invitation.html", request.state.locale, code=code, why=why), status)
