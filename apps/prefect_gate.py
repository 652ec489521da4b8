"""Stands before Prefect's server: lets the login of people through to an allow-list of routes, and nowhere else.

Prefect itself demands the process credential of every request to its API, whatever this gate does. It exempts two
addresses, ``GET /api/health`` and ``GET /api/ready``, which answer whether the server lives; the pages of the UI and
``/ui-settings`` hold no data. A request with the login is passed on with the process credential only if
``apps/prefect_routes.py`` lists it, so that what is forgotten here is refused there. See Note [Two credentials].

WebSockets are passed on as they are: Prefect demands the process credential in their first message, so the login opens
none. The UI uses none.
"""

import base64
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from apps.prefect_login import Credentials
from apps.prefect_routes import NotAllowed, Route, route_of
from locales.translation import translate

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

API = "/api"
LARGEST_BODY = 1_000_000
"""Bytes of a request with the login."""
ONLY_READS = ("GET", "HEAD", "OPTIONS")

log = logging.getLogger("closeloop.gate")


class TooLarge(Exception):
    """A body has more than ``LARGEST_BODY`` bytes."""


class Gate:
    """An ASGI app before Prefect's. ``ours`` serves requests with a credential, ``app`` those without one."""

    def __init__(self, app: App, ours: App, credentials: Credentials, locale: str) -> None:
        self._app, self._ours, self._locale = app, ours, locale
        self._login, self._process = _basic(credentials.login), _basic(credentials.process)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(f"{API}/"):
            return await self._app(scope, receive, send)
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if hmac.compare_digest(given, self._process):
            return await self._ours(scope, receive, send)
        if not hmac.compare_digest(given, self._login) or scope["method"] == "OPTIONS":
            return await self._app(scope, receive, send)  # which answers 401, without reading the body
        return await self._with_login(scope, receive, send, path.removeprefix(API))

    async def _with_login(self, scope: Message, receive: Receive, send: Send, path: str) -> None:
        route = route_of(scope["method"], path)
        if route is None:
            return await self._refuse(scope, send, 403, "gate.route", method=scope["method"], path=path)
        body = b""
        try:
            if scope["method"] not in ONLY_READS:
                body = _checked(route, await _whole(receive))
        except TooLarge:
            return await self._refuse(scope, send, 413, "gate.large", bytes=LARGEST_BODY)
        except NotAllowed as refused:
            return await self._refuse(scope, send, 403, "gate.field", field=str(refused))
        except ValueError:  # neither UTF-8 nor JSON
            return await self._refuse(scope, send, 400, "gate.json")
        headers = [*_without(scope["headers"], b"authorization", b"content-length", b"transfer-encoding")]
        headers += [(b"authorization", self._process), (b"content-length", str(len(body)).encode())]
        return await self._ours({**scope, "headers": headers}, _replay(body, receive), send)

    async def _refuse(self, scope: Message, send: Send, status: int, key: str, **params: Any) -> None:
        log.warning("refused with the login: %s %s (%s)", scope["method"], ascii(scope["path"])[:200], key)
        text = translate(self._locale, key, **params)
        content = json.dumps({"detail": text, "exception_message": text}).encode()
        headers: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def _basic(credential: str) -> bytes:
    return b"Basic " + base64.b64encode(credential.encode())


def _without(headers: Iterable[tuple[bytes, bytes]], *names: bytes) -> Headers:
    return [(name, value) for name, value in headers if name not in names]


async def _whole(receive: Receive) -> bytes:
    """Return the body of a request. Raises ``TooLarge``."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TooLarge
        if not message.get("more_body"):
            return body


def _checked(route: Route, body: bytes) -> bytes:
    """Return the body to pass on. Raises ``NotAllowed``, or ``ValueError`` for one that is no JSON."""
    if route.check is None:
        return body
    try:
        return json.dumps(route.check(json.loads(body) if body else {})).encode()
    except RecursionError:
        raise NotAllowed("body") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives a request's body in one message, and then those messages that follow it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return left.pop() if left else await receive()

    return next_message
