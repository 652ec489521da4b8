"""Check each request before a route sees it: id, size, time, JSON, media types, tokens in the address; add headers.

Written for ASGI and not as a middleware of Starlette's, which would wrap every body in a task of its own.
"""

import asyncio
import logging
import re
import traceback
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.addresses import PREFIX
from apps.api.figures import Figures
from apps.api.problems import problem
from apps.api.strict_json import strict_json
from apps.api.watched_answer import WatchedAnswer, note_request
from statemachines.refused import Refused

MOST_BYTES = 2**20
"""The largest JSON body, in bytes."""
BODY_SECONDS = 20.0
"""How long a caller may take to send a JSON body."""
TOKEN_PARAMETERS = frozenset({"access_token", "api_key", "apikey", "authorization", "bearer", "token"})
"""Parameters of an address that hold a secret; addresses are written to logs."""
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

STRICT_CSP = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": STRICT_CSP,
}
"""Headers of every answer that does not set them itself."""
_RAW_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
PAGES = ("text/html", "text/css", "text/javascript", "image/png", "text/plain")
"""What the pages of the documentation and the figures are sent as."""

_log = logging.getLogger("closeloop.api")


class RequestGuard:
    """The outermost layer of the application. ``uploads`` matches the paths whose bodies are no JSON.

    ``default_locale`` is the language where the caller asks for none that we have. An exception that no route expected
    becomes a problem document here, and its type goes to the log: its text may be personal.
    """

    def __init__(
        self,
        app: ASGIApp,
        default_locale: str,
        figures: Figures,
        uploads: re.Pattern[str],
        pages: Iterable[str] = (),
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._locale = default_locale
        self._uploads = uploads
        self._pages = tuple(pages)
        self._figures = figures
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = note_request(scope, self._locale)
        request_id = state["request_id"]
        answer = WatchedAnswer(send, partial(_add_headers, request_id=request_id))
        try:
            await self._answer(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 (named by its type; its text may be personal)
            _log.error("Request %s failed: %s", request_id, described(error))
            if not answer.status:
                refused = Refused("unexpected", type=type(error).__name__)
                await problem(refused, state["locale"], request_id)(scope, receive, answer)
        finally:
            self._figures.answered(_template(scope), scope["method"], answer.status or 499, answer.seconds)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, state = Headers(scope=scope), scope["state"]
        try:
            _refuse_token(scope)
            self._refuse_unacceptable(scope, headers)
            checked = await self._checked_body(scope, headers, receive)
        except Refused as refused:
            self._figures.refused(refused.code)
            closing = {"Connection": "close"}
            await problem(refused, state["locale"], state["request_id"], closing)(scope, receive, send)
            return
        await self._app(scope, checked, send)

    def _refuse_unacceptable(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """Raise ``Refused('not_acceptable')`` where the caller takes no JSON."""
        accepted = headers.get("accept", "*/*")
        files = self._uploads.match(scope["path"]) is not None
        if files or scope["path"].startswith(self._pages) or _accepts_json(accepted):
            return
        raise Refused("not_acceptable", wanted=accepted[:40])

    async def _checked_body(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Receive:
        """Return what gives the body to the route, after it was read whole and checked. Uploads go through unread."""
        if self._uploads.fullmatch(scope["path"]):
            return receive
        if not _has_body(headers):
            return receive
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] in WRITES and media_type != "application/json":
            raise Refused("media_type", given=media_type[:40] or "–", wanted="application/json")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused("media_type", given=headers["content-encoding"][:40], wanted="identity")
        body = await self._body(headers, receive)
        if body:
            strict_json(body)
        return _replayed(body, receive)

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """Return the whole body. Raises ``Refused('body_too_large' | 'body_too_slow' | 'bad_header')``."""
        announced = headers.get("content-length", "0")
        if not announced.isascii() or not announced.isdigit():
            raise Refused("bad_header", header="Content-Length")
        if len(announced) > len(str(MOST_BYTES)) or int(announced) > MOST_BYTES:
            raise Refused("body_too_large", most=MOST_BYTES)
        parts, size = list[bytes](), 0
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    part = message.get("body", b"")
                    size += len(part)
                    if size > MOST_BYTES:
                        raise Refused("body_too_large", most=MOST_BYTES)
                    parts.append(part)
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Refused("body_too_slow", seconds=round(self._body_seconds)) from None


def _template(scope: Scope) -> str:
    """Return the template of the address that a route answered; FastAPI names it without the prefix."""
    route = getattr(scope.get("route"), "path", None)
    if route is None:
        return "none"
    return f"{PREFIX}{route}" if scope["path"].startswith(f"{PREFIX}/") else route


def described(error: Exception) -> str:
    """Return the type of an exception and where it was raised."""
    places = traceback.extract_tb(error.__traceback__)[-3:]
    return " ".join([type(error).__name__, *(f"{Path(place.filename).name}:{place.lineno}" for place in places)])


def _refuse_token(scope: Scope) -> None:
    """Raise ``Refused('token_in_url')`` for a secret in the address; it is a secret no more."""
    if not scope["query_string"]:
        return
    names = {name.lower() for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)}
    if names & TOKEN_PARAMETERS:
        raise Refused("token_in_url")


def _has_body(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _accepts_json(accept: str) -> bool:
    ranges = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return any(each in ("", "*/*", "application/*", "application/json", "application/problem+json") for each in ranges)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more, and then what the connection says."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _add_headers(message: Message, request_id: str) -> None:
    """Add the id of the request, and the security headers that the answer lacks; Starlette's names are lower case."""
    headers: list[tuple[bytes, bytes]] = message["headers"]
    present = {name for name, _ in headers}
    added = [header for header in _RAW_SECURITY_HEADERS if header[0] not in present]
    message["headers"] = [*headers, (b"x-request-id", request_id.encode("ascii")), *added]


def state_of(scope: Mapping[str, Any], name: str, default: str) -> str:
    """Return what the guard noted of a request."""
    return scope.get("state", {}).get(name, default)
