"""Check each request for a page before a route sees it: id, language, size and time of forms; add security headers."""

import logging
from functools import partial

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.figures import Figures
from apps.api.request_guard import SECURITY_HEADERS, described
from apps.api.watched_answer import WatchedAnswer, note_request
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
        state = note_request(scope, self._locale)
        state["locale"] = chosen_language(Request(scope)) or state["locale"]
        request_id = state["request_id"]
        answer = WatchedAnswer(send, partial(_add_headers, request_id=request_id))
        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 (named by its type; its text may be personal)
            _log.error("Request %s failed: %s", request_id, described(error))
            if not answer.status:
                await PlainTextResponse(f"500 {request_id}", 500)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._figures.answered(f"/{self._room}{route}", scope["method"], answer.status or 499, answer.seconds)


def _add_headers(message: Message, request_id: str) -> None:
    """Add the id of the request, and the security headers that the page does not set itself."""
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = request_id
    for name, value in PAGE_HEADERS.items():
        headers.setdefault(name, value)
