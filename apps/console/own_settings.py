"""What a visitor settles for himself: language, password, second factor, and the sessions that he has open."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.api.problems import status_of
from apps.api.session_cookie import check_site, cookie_of, is_secure, log_in_rules, set_cookie
from apps.console.half_session import InHalfSession
from apps.console.log_in import OWN, Anybody, own_address
from apps.console.visit import Sent, Visit, Visiting
from apps.web.language_choice import keep_language
from engine.accounts.log_in import change_password
from engine.accounts.sessions import Session, end_session, sessions
from locales.translation import locales, refusal, translate
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


@router.get("/me")
def show(visit: Visiting, half: InHalfSession) -> HTMLResponse:
    """Show the visitor's own settings."""
    return _page(visit, half.session)


@router.post("/me/password")
def new_password(visit: Visiting, half: InHalfSession, entries: Sent) -> Response:
    """Change the password; all sessions end, and this one goes on."""
    old, new = entries.get("old", ""), entries.get("new", "")
    if new != entries.get("again", ""):
        return _page(visit, half.session, 422, translate(visit.locale, "console.invitation.differ"))
    cookie, rules = cookie_of(visit.request) or "", log_in_rules(visit.request)
    try:
        session = change_password(visit.store, cookie, old, new, visit.at, rules)
    except Refused as refused:
        return _page(visit, half.session, status_of(refused), refusal(visit.locale, refused, on_web=True))
    response = visit.go_to("/me?done=password")
    set_cookie(visit.request, response, session, visit.at)
    return response


@router.post("/me/sessions/{session_id}/end")
def end_other_session(session_id: Annotated[str, Path(max_length=40)], visit: Visiting, _entries: Sent) -> Response:
    """End one of the visitor's sessions, wherever it was opened."""
    end_session(visit.store, session_id, visit.principal.actor.handle)
    return visit.go_to("/me?done=session")


def _page(visit: Visit, session: Session, status: int = 200, why: str = "") -> HTMLResponse:
    with visit.store.looking() as tx:
        rows = sessions(tx, visit.at, visit.principal.actor.handle)
    return visit.page(
        "own_settings.html", status, sessions=rows, current_session=session.id, factor=session.totp, why=why
    )
