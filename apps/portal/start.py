"""The first page of the portal: what a customer may do here; and the choice of his language."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.api.session_cookie import is_secure
from apps.portal.visit import Sent, Visiting
from apps.web.addresses import PORTAL
from apps.web.language_choice import keep_language
from locales.translation import locales
from statemachines.refused import Refused

router = APIRouter()

PAGES = ("contact", "status", "track", "rate", "report")
"""The pages that the first one leads to, in its order."""


@router.get("/")
def show_choices(visit: Visiting) -> HTMLResponse:
    """Show what a customer may do here."""
    return visit.page("choices.html", pages=PAGES)


@router.post("/language")
def choose_language(visit: Visiting, entries: Sent) -> Response:
    """Keep the chosen language, and show the page again on which it was chosen."""
    chosen = entries.text("language")
    if chosen not in locales():
        raise Refused("bad_locale", locale=chosen[:20])
    response = RedirectResponse(own_address(entries.text("next")), 303)
    keep_language(response, chosen, secure=is_secure(visit.request))
    return response


def own_address(address: str) -> str:
    """Return an address if it is that of a page of the portal, else that of its first page."""
    known = {f"{PORTAL}/{page}" for page in (*PAGES, "case")}
    return address if address in known else f"{PORTAL}/"
