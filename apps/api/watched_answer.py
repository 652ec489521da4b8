"""What the guards of the API and of the pages do alike: note a request's id and language, and watch its answer."""

import re
import secrets
from collections.abc import Callable
from time import perf_counter
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Scope, Send

from apps.api.languages import language_of

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def note_request(scope: Scope, default_locale: str) -> dict[str, Any]:
    """Note the id and the language of a request in its state, and return that; an id that is no id gets another."""
    headers = Headers(scope=scope)
    given = headers.get("x-request-id", "")
    locale = language_of(headers.get("accept-language"), default_locale)
    request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    scope["state"] = {**scope.get("state", {}), "request_id": request_id, "locale": locale}
    return scope["state"]


class WatchedAnswer:
    """Sends an answer on with the headers that are added to it; keeps its status, 0 until it has begun."""

    def __init__(self, send: Send, add_headers: Callable[[Message], None]) -> None:
        self.status = 0
        self._send = send
        self._add_headers = add_headers
        self._begun = perf_counter()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(message)
        await self._send(message)

    @property
    def seconds(self) -> float:
        """Return how long the request has taken until now."""
        return perf_counter() - self._begun
