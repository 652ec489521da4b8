"""Send a webhook's message to its receiver over HTTP.

No redirect is followed, no proxy of the environment used, no cookie kept. Of a webhook's answer only the status is
read; of a provider's answer (``post``) its first bytes too.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore

from gateways.webhook_connection import (
    AddressNotAllowed,
    CheckedBackend,
    Deadline,
    NameUnknown,
    OutOfTime,
    Resolve,
    system_resolve,
)
from gateways.webhook_sender import SenderRules, WebhookFailed
from models.webhook_url import HTTPS, BadWebhookUrl, parse_webhook_url

DEFAULT_RULES = SenderRules()
SECONDS = 5.0
"""What a delivery may take in all: resolving the name, connecting, TLS, sending, the first line of the answer."""
AGENT = "closeloop-webhooks"
LONGEST_ANSWER = 64 * 1024
"""The most bytes of a provider's answer that are read."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The answer of a provider: its status, and as many bytes of its body as were to be read."""

    status: int
    body: bytes


class HttpSender:
    """Sends messages over HTTPS to public addresses; see ``gateways/webhook_connection.py``."""

    def __init__(
        self, rules: SenderRules = DEFAULT_RULES, *, resolve: Resolve = system_resolve, seconds: float = SECONDS
    ) -> None:
        self._rules, self._resolve, self._seconds = rules, resolve, seconds

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a message over a connection of its own.

        Codes of ``WebhookFailed``: ``address`` (one of the inside), ``url``, ``setting`` (the file of authorities),
        ``name`` (unknown to the DNS), ``certificate``, ``tls``, ``timeout``, ``connection``, ``answer`` (no HTTP),
        ``redirect``, ``status_404`` and the like.
        """
        self._accepted(url, headers, body, 0)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Send a message to a provider, and return what it answered. Raises ``WebhookFailed`` as ``send`` does."""
        return self._accepted(url, headers, body, LONGEST_ANSWER)

    def _accepted(self, url: str, headers: Mapping[str, str], body: bytes, most: int) -> HttpAnswer:
        try:
            answer = self._answer(url, headers, body, most)
        except AddressNotAllowed:
            raise WebhookFailed("address") from None
        except NameUnknown:
            raise WebhookFailed("name") from None
        except (OutOfTime, TimeoutError, httpcore.TimeoutException):
            raise WebhookFailed("timeout") from None
        except ssl.SSLCertVerificationError:
            raise WebhookFailed("certificate") from None
        except ssl.SSLError:
            raise WebhookFailed("tls") from None
        except (OSError, httpcore.NetworkError):
            raise WebhookFailed("connection") from None
        except httpcore.ProtocolError:
            raise WebhookFailed("answer") from None
        if 300 <= answer.status < 400:
            raise WebhookFailed("redirect")
        if not 200 <= answer.status < 300:
            raise WebhookFailed(f"status_{answer.status}")
        return answer

    def _answer(self, url: str, headers: Mapping[str, str], body: bytes, most: int) -> HttpAnswer:
        """Return the answer with at most ``most`` bytes of its body; the rest is left unread, the connection closed."""
        try:
            parsed = parse_webhook_url(url, http_allowed=self._rules.http_allowed)
        except BadWebhookUrl:
            raise WebhookFailed("url") from None
        sent = {"host": parsed.authority, "user-agent": AGENT, "content-length": str(len(body)), **headers}
        address = httpcore.URL(scheme=parsed.scheme, host=parsed.host, port=parsed.port, target=parsed.target)
        context = self._context() if parsed.scheme == HTTPS else None
        with Deadline(self._seconds) as deadline:
            backend = CheckedBackend(self._rules.networks, self._resolve, deadline)
            with (
                httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
                pool.stream("POST", address, headers=list(sent.items()), content=body) as answer,
            ):
                return HttpAnswer(answer.status, _beginning(answer, most))

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._rules.authorities)
        except OSError:
            raise WebhookFailed("setting") from None


def _beginning(answer: httpcore.Response, most: int) -> bytes:
    read = b""
    if most:
        for part in answer.iter_stream():
            read += part
            if len(read) >= most:
                break
    return read[:most]
