"""What a visitor chooses for himself: the language of his pages."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from apps.api.session_cookie import check_site, is_secure
from apps.console.log_in import OWN, Anybody, own_address
from apps.web.language_choice import keep_language
from locales.translation import locales
from statemachines.refused import Refused

router = APIRouter()


@router.post("/language")
def choose_language(request: Request, entries: Anybody) -> Response:
    """Keep the chosen language, and show the page again on which it was chosen."""
    check_site(request, request.app.state.settings)
    chosen = entries.text("language")
    if chosen not in locales():
        raise Refused("bad_locale", locale=chosen[:20])
    response = RedirectResponse(own_address(entries.text("next")) or OWN, 303)
    keep_language(response, chosen, secure=is_secure(request))
    return response
