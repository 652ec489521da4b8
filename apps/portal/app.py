"""Assembles the portal: its pages, and what a visitor sees instead of one that he cannot have."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from apps.api.included_routes import included
from apps.api.problems import INTERNAL, status_of
from apps.portal.routes import ROUTERS
from apps.web.entries import Entries
from apps.web.page_guard import PageGuard
from apps.web.services import Services
from apps.web.templates import rendered
from engine.accounts.attempt_limits import RateLimited
from locales.translation import refusal
from statemachines.refused import Refused

ENDED = "portal_visit_ended"
ROUTES = included(ROUTERS)


def create_portal(services: Services) -> ASGIApp:
    """Return the portal, to be mounted at its address."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, routes=ROUTES)
    services.give(app.state)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _no_page)
    app.add_exception_handler(HTTPException, _no_page)
    return PageGuard(app, "portal", services.settings.locale, services.figures)


async def _refused(request: Request, refused: Exception) -> Response:
    """Answer with the reason and the remedy; what was typed in a form is shown, so that it is not lost."""
    assert isinstance(refused, Refused)
    request.app.state.figures.refused(refused.code)
    typed: Entries = getattr(request.state, "entries", Entries([]))
    shown = Refused("unavailable") if refused.code in INTERNAL else refused
    status = HTTPStatus.UNAUTHORIZED if refused.code == ENDED else status_of(refused)
    response = _page(request, status, shown, typed)
    if isinstance(refused, RateLimited):
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


async def _no_page(request: Request, _error: Exception) -> Response:
    return _page(request, HTTPStatus.NOT_FOUND, Refused("portal_no_page"), Entries([]))


def _page(request: Request, status: int, refused: Refused, typed: Entries) -> HTMLResponse:
    locale: str = request.state.locale
    values = {
        "why": refusal(locale, refused, on_web=True),
        "ended": refused.code == ENDED,
        "typed": [value for name, value in typed.given().items() if len(value) > 1 and name != "code"],
        "request_id": request.state.request_id,
        "here": request.url.path,
        "known": False,
        "done": "",
        "csrf": "",
    }
    return HTMLResponse(rendered("portal/refusal.html", locale, **values), int(status))
