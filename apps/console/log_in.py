"""The pages of the log-in: handle, password and code; what was typed before; the log-out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.api.session_cookie import check_site, clear_cookie, cookie_of, limits_of, log_in_rules, set_cookie
from apps.console.refusal_pages import from_this_machine, log_in_form
from apps.console.visit import Sent, Visiting
from apps.web.addresses import CONSOLE
from apps.web.entries import Entries, entries_of
from apps.web.templates import rendered
from engine.accounts import log_in as logins
from engine.accounts.sessions import NewSession, Visitor, log_out
from engine.accounts.simulated_log_in import play
from engine.store import Store
from locales.translation import refusal
from statemachines.refused import Refused

router = APIRouter()

KEPT = "kept."
"""Before the names of fields that the log-in page carries along; see Note [What was typed]."""
OWN = f"{CONSOLE}/"


async def _sent(request: Request) -> Entries:
    check_site(request, request.app.state.settings)
    return await entries_of(request)


Anybody = Annotated[Entries, Depends(_sent)]


@router.get("/login")
def log_in_page(
    request: Request, to: Annotated[str, Query(max_length=2000)] = "", notice: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """Show the log-in page; after an invitation was taken it says that the password is set."""
    return log_in_form(request, 200, next_=own_address(to), notice="welcome" if notice == "welcome" else "")


@router.post("/login")
def log_in(request: Request, entries: Anybody) -> Response:
    """Log in and go on to the page that was wanted; fields that were typed before are shown there once more."""
    store: Store = request.app.state.store
    at, next_ = store.now(), own_address(entries.text("next"))
    kept = Entries([(name.removeprefix(KEPT), value) for name, value in entries.pairs if name.startswith(KEPT)])
    handle = entries.text("handle")
    address = request.client.host if request.client else ""
    attempt = logins.LogIn(
        handle, entries.get("password", ""), entries.text("code"), address, request.headers.get("user-agent", "")
    )
    try:
        session = logins.log_in(store, attempt, at, log_in_rules(request))
    except Refused as refused:
        why = refusal(request.state.locale, refused, on_web=True)
        return log_in_form(request, 401, next_=next_, kept=kept, why=why, handle=handle)
    return _logged_in(request, session, next_, kept, at)


def _logged_in(request: Request, session: NewSession, next_: str, kept: Entries, at: datetime) -> Response:
    response: Response
    if kept:
        values = {"next": next_, "kept": kept.pairs, "csrf": session.csrf, "here": next_}
        response = HTMLResponse(rendered("console/typed_before.html", request.state.locale, **values))
    else:
        response = RedirectResponse(next_ or OWN, 303)
    set_cookie(request, response, session, at)
    return response


def own_address(address: str) -> str:
    """Return an address if it is one of the console, else an empty text: nobody is led elsewhere by a link."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith(OWN) and "//" not in address else ""


@router.post("/enter")
def play_somebody(request: Request, entries: Anybody) -> Response:
    """Come in as somebody of a simulated store, where nobody proves who he is; only from this machine."""
    if not from_this_machine(request):
        raise Refused("log_in_refused")
    store: Store = request.app.state.store
    at, agent = store.now(), request.headers.get("user-agent", "")
    address = request.client.host if request.client else ""
    visitor, limits = Visitor(address, agent, "simulated"), limits_of(request.app.state.settings)
    session = play(store, entries.text("handle"), visitor, limits, at)
    response = RedirectResponse(own_address(entries.text("next")) or OWN, 303)
    set_cookie(request, response, session, at)
    return response


@router.post("/logout")
def end_session(request: Request, visit: Visiting, _entries: Sent) -> Response:
    """Log out: the session ends, and the browser forgets its cookie."""
    log_out(visit.store, cookie_of(request) or "")
    response = RedirectResponse(f"{OWN}login", 303)
    clear_cookie(request, response)
    return response
