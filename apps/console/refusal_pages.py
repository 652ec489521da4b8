"""What a visitor sees instead of a page: the log-in, with what he typed kept, or why something was refused.

Note [What was typed]: a form whose session has ended meanwhile is answered with the log-in page, which carries every
field of it along; files alone must be chosen again. After the log-in the visitor sees the fields again and sends them
by one click. The fields go through his browser alone, and only to an address of the console.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from apps.api.multipart import MULTIPART
from apps.api.problems import INTERNAL, status_of
from apps.api.session_cookie import is_loopback
from apps.console.visit import FRAGMENT_HEADER
from apps.web.addresses import CONSOLE
from apps.web.entries import FORM_TYPE, Entries
from apps.web.templates import rendered
from apps.web.uploads import sent_files
from engine.accounts.simulated_log_in import played_people
from locales.translation import refusal
from statemachines.refused import Refused

LOGGED_OUT = frozenset({"token_missing", "session_ended", "second_factor_required"})
"""Refusals after which a visitor is asked to log in."""


async def refusal_page(request: Request, refused: Exception) -> Response:
    """Answer with the log-in page where nobody is logged in, else with the reason and the remedy."""
    assert isinstance(refused, Refused)
    request.app.state.figures.refused(refused.code)
    if refused.code in LOGGED_OUT:
        return await _log_in_page(request, refused)
    shown = Refused("unavailable") if refused.code in INTERNAL else refused
    return page_of(request, status_of(refused), refusal(request.state.locale, shown, on_web=True))


async def invalid_page(request: Request, error: Exception) -> Response:
    """Answer an address whose parameters are wrong."""
    assert isinstance(error, RequestValidationError)
    faults = [{"field": ".".join(map(str, each["loc"][1:])), "why": each["type"]} for each in error.errors()]
    return page_of(request, 422, refusal(request.state.locale, Refused("bad_request", fields=faults), on_web=True))


async def http_page(request: Request, error: Exception) -> Response:
    """Answer an address at which there is no page, or a form where there is none."""
    assert isinstance(error, HTTPException)
    return page_of(request, error.status_code, refusal(request.state.locale, Refused("no_page"), on_web=True))


def page_of(request: Request, status: int, why: str) -> HTMLResponse:
    """Return the page of a refusal; a script that asked for a part of a page gets the reason alone."""
    template = "web/refusal_part.html" if FRAGMENT_HEADER in request.headers else "web/refusal.html"
    phrase = HTTPStatus(status).phrase
    values: dict[str, Any] = {"status": status, "phrase": phrase, "why": why, "request_id": request.state.request_id}
    return HTMLResponse(rendered(template, request.state.locale, **values), status)


async def _log_in_page(request: Request, refused: Refused) -> Response:
    if FRAGMENT_HEADER in request.headers:  # the page stays as it is, and says that the session has ended
        return page_of(request, 401, refusal(request.state.locale, Refused("session_ended"), on_web=True))
    kept: list[tuple[str, str]] = []
    if request.method == "POST" and request.headers.get("content-type", "").startswith((FORM_TYPE, MULTIPART)):
        kept = (await sent_files(request, request.app.state.settings)).entries.pairs
    if refused.code == "second_factor_required" and not kept:
        return RedirectResponse(f"{CONSOLE}/second-factor?{urlencode({'to': _asked_for(request)})}", 303)
    notice = "ended" if refused.code == "session_ended" else ""
    return log_in_form(request, 401, next_=_asked_for(request), kept=Entries(kept), notice=notice)


def _asked_for(request: Request) -> str:
    """Return the path, with its query, to which the visitor wanted to go."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def from_this_machine(request: Request) -> bool:
    """Return whether a browser of this machine asks, by an address of this machine."""
    return is_loopback(request.url.hostname or "") and is_loopback(request.client.host if request.client else "")


def log_in_form(
    request: Request, status: int, next_: str = "", kept: Entries | None = None, notice: str = "", why: str = "",
    handle: str = "",
) -> HTMLResponse:  # fmt: skip
    """Return the log-in page, which leads to ``next_`` and carries ``kept`` there. ``why`` says what was wrong."""
    pairs = [pair for pair in (kept.pairs if kept else []) if pair[0] != "_csrf"]
    values: dict[str, Any] = {"next": next_, "kept": pairs, "notice": notice, "why": why, "handle": handle}
    values["people"] = played_people(request.app.state.store) if from_this_machine(request) else []
    values["oidc"] = request.app.state.settings.oidc_issuer is not None
    return HTMLResponse(rendered("console/log_in.html", request.state.locale, here=request.url.path, **values), status)
