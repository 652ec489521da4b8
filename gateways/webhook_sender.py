"""Send a webhook's message to its receiver: the protocol, and a fake for simulations; ``webhook_http`` sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.public_addresses import Network


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
