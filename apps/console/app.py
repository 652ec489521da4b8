"""Assembles the console: its pages, and what a visitor sees instead of one that he cannot have."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from apps.api.included_routes import included
from apps.console.refusal_pages import http_page, invalid_page, refusal_page
from apps.console.routes import ROUTERS
from apps.web.addresses import CONSOLE
from apps.web.page_guard import PageGuard
from apps.web.services import Services
from statemachines.refused import Refused

ROUTES = included(ROUTERS)


def create_console(services: Services) -> ASGIApp:
    """Return the console, to be mounted at its address."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, routes=ROUTES)
    services.give(app.state)
    app.add_api_route("/", _first_page, include_in_schema=False)
    app.add_api_route("", _first_page, include_in_schema=False)
    app.add_exception_handler(Refused, refusal_page)
    app.add_exception_handler(RequestValidationError, invalid_page)
    app.add_exception_handler(HTTPException, http_page)
    return PageGuard(app, "console", services.settings.locale, services.figures)


def _first_page() -> RedirectResponse:
    return RedirectResponse(f"{CONSOLE}/cases", 303)
