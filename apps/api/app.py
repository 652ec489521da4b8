"""Assembles the application: routes, the guard before them, problem documents, the store of this worker."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from apps.api import pages
from apps.api.addresses import PAGES, PREFIX, UPLOADS
from apps.api.caller import Authenticate
from apps.api.figures import Figures
from apps.api.included_routes import included
from apps.api.problems import problem
from apps.api.request_guard import RequestGuard, state_of
from apps.api.routes import OPEN_ROUTERS, ROUTERS
from apps.api.schema import schema
from engine.accounts.passwords import Passwords, recommended
from engine.settings import Settings
from statemachines.refused import Refused

BY_STATUS = {404: "unknown_address", 405: "method_not_allowed", 413: "body_too_large", 415: "media_type"}
ROUTES = [*included(ROUTERS, PREFIX), *included(OPEN_ROUTERS), *included((pages.router,), PREFIX)]

_log = logging.getLogger("closeloop.api")


def create_app(settings: Settings, authenticate: Authenticate, passwords: Passwords | None = None) -> FastAPI:
    """Return the application of one worker, with a store of its own; ``passwords`` are hashed as recommended."""
    store = settings.store()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(
        title="closeloop",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=ROUTES,
    )
    app.state.store, app.state.settings, app.state.authenticate = store, settings, authenticate
    app.state.figures, app.state.passwords = Figures(store), passwords or recommended()
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(
        RequestGuard, default_locale=settings.locale, uploads=UPLOADS, pages=PAGES, figures=app.state.figures
    )
    return app


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    if refused.code == "key_reused":  # the engine knows the key by its digest, the caller by what he sent
        refused = Refused(refused.code, key=request.headers.get("idempotency-key", ""))
    return _problem(request, refused)


async def _invalid(request: Request, error: Exception) -> Response:
    """Answer a body or a query that its model refuses: field and reason of each fault, never what was entered."""
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": _field(fault["loc"]), "why": fault["type"], "text": fault["msg"], "limits": fault.get("ctx", {})}
        for fault in error.errors()
    ]
    return _problem(request, Refused("bad_request", fields=faults))


def _field(place: tuple[int | str, ...]) -> str:
    """Return the field's place within the body, the query or the headers."""
    return ".".join(map(str, place[1:] or place))[:200]


async def _http(request: Request, error: Exception) -> Response:
    """Answer what no route takes: an unknown address, another method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    code = BY_STATUS.get(error.status_code, "bad_json")
    if code == "method_not_allowed":
        allowed = ", ".join(_methods(request))
        return _problem(request, Refused(code, method=request.method[:20], methods=allowed), {"Allow": allowed})
    return _problem(request, Refused(code))


def _methods(request: Request) -> list[str]:
    """Return the methods that the routes of this path take; the router itself names those of the first one only."""
    return sorted(
        method.upper()
        for template, methods in schema()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
        for method in methods
    )


def _problem(request: Request, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    request.app.state.figures.refused(refused.code)
    scope: dict[str, Any] = dict(request.scope)
    return problem(refused, state_of(scope, "locale", "en"), state_of(scope, "request_id", "-"), headers)
