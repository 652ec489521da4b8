"""Send a webhook's message to its receiver: the protocol, the sender over HTTP, and a fake for simulations.

No redirect is followed, no proxy of the environment used, no cookie kept. Of the answer only the status is read.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

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
from models.public_addresses import Network
from models.webhook_url import HTTPS, BadWebhookUrl, parse_webhook_url

SECONDS = 5.0
"""What a delivery may take in all: resolving the name, connecting, TLS, sending, the first line of the answer."""
AGENT = "closeloop-webhooks"


class WebhookFailed(Exception):
    """A message that was not accepted; ``code`` says why, without any text of the receiver's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WebhookSender(Protocol):
    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a message; return if the receiver accepted it (200 to 299). Raises ``WebhookFailed``."""
        ...


@dataclass(frozen=True, slots=True)
class SenderRules:
    """What the settings allow: HTTP without TLS, networks of the inside, and a file of authorities (PEM) to trust."""

    http_allowed: bool = False
    networks: tuple[Network, ...] = ()
    authorities: Path | None = None


class HttpSender:
    """Sends messages over HTTPS to public addresses; see ``gateways/webhook_connection.py``."""

    def __init__(
        self, rules: SenderRules = SenderRules(), *, resolve: Resolve = system_resolve, seconds: float = SECONDS
    ) -> None:
        self._rules, self._resolve, self._seconds = rules, resolve, seconds

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a message over a connection of its own.

        Codes of ``WebhookFailed``: ``address`` (one of the inside), ``url``, ``setting`` (the file of authorities),
        ``name`` (unknown to the DNS), ``certificate``, ``tls``, ``timeout``, ``connection``, ``answer`` (no HTTP),
        ``redirect``, ``status_404`` and the like.
        """
        try:
            status = self._status(url, headers, body)
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
        if 300 <= status < 400:
            raise WebhookFailed("redirect")
        if not 200 <= status < 300:
            raise WebhookFailed(f"status_{status}")

    def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Return the status of the answer; its body is left unread, and the connection closed."""
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
                return answer.status

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._rules.authorities)
        except OSError:
            raise WebhookFailed("setting") from None


@dataclass
class FakeSender:
    """Keeps messages in memory. ``failing`` are addresses whose messages fail, each with the code."""

    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list[tuple[str, Mapping[str, str], bytes]])
    failing: dict[str, str] = field(default_factory=dict[str, str])

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a message, or raise ``WebhookFailed``."""
        if url in self.failing:
            raise WebhookFailed(self.failing[url])
        self.sent.append((url, headers, body))

    def bodies(self) -> Sequence[bytes]:
        """Return the bodies of what was sent, in order."""
        return [body for _, _, body in self.sent]
