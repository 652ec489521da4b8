"""Check each request for a page before a route sees it: id, language, size and time of forms; add security headers."""

import logging
import secrets
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.figures import Figures
from apps.api.languages import language_of
from apps.api.request_guard import REQUEST_ID, SECURITY_HEADERS, described
from apps.web.language_choice import chosen_language

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: files of this address alone, and no script or style inside a page."""
PAGE_HEADERS = SECURITY_HEADERS | {"Content-Security-Policy": CSP, "Referrer-Policy": "same-origin"}

_log = logging.getLogger("closeloop.pages")


class PageGuard:
    """The outermost layer of the pages. ``room`` names them in the figures.

    An exception that no route expected is answered with its request id, and its type goes to the log: its text may be
    personal.
    """

    def __init__(self, app: ASGIApp, room: str, default_locale: str, figures: Figures) -> None:
        self._app = app
        self._room = room
        self._locale = default_locale
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        accepted = language_of(headers.get("accept-language"), self._locale)
        scope["state"] = {
            **scope.get("state", {}),
            "request_id": request_id,
            "locale": chosen_language(Request(scope)) or accepted,
        }
        begun, status = perf_counter(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-Id"] = request_id
                for name, value in PAGE_HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 (named by its type; its text may be personal)
            _log.error("Request %s failed: %s", request_id, described(error))
            if not status:
                await PlainTextResponse(f"500 {request_id}", 500)(scope, receive, send_guarded)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._figures.answered(f"/{self._room}{route}", scope["method"], status or 499, perf_counter() - begun)
