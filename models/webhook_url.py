"""The address of a webhook: parsed once, so that what was checked is what is connected to."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

LIMIT = 500
"""The longest address, in characters."""
HTTPS, HTTP = "https", "http"
PORTS = {HTTPS: 443, HTTP: 80}
UNPRIVILEGED = 1024
"""From this port on any is allowed; below it only those of HTTP, so that no mail or database server is spoken to."""
HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")
TARGET = re.compile(r"/[!-~]*")


class BadWebhookUrl(ValueError):
    """An address that no webhook may have; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """An absolute address without user, password and fragment. ``host`` is ASCII, lower-case, without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return host and port as the ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """Return the address as it is stored."""
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_webhook_url(text: str, *, http_allowed: bool = False) -> WebhookUrl:
    """Return an address in its one form. Raises ``BadWebhookUrl``.

    Codes: ``not_a_url``, ``too_long``, ``credentials``, ``fragment``, ``scheme``, ``port``.
    """
    if len(text) > LIMIT:
        raise BadWebhookUrl("too_long")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise BadWebhookUrl("not_a_url") from None
    if parts.scheme not in ((HTTPS, HTTP) if http_allowed else (HTTPS,)):
        raise BadWebhookUrl("scheme")
    if "@" in parts.netloc:
        raise BadWebhookUrl("credentials")
    if "#" in text:
        raise BadWebhookUrl("fragment")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = _ascii(host)
    if TARGET.fullmatch(target) is None or any(sign in text for sign in "\\\t\r\n "):
        raise BadWebhookUrl("not_a_url")
    port = PORTS[parts.scheme] if port is None else port
    if port < UNPRIVILEGED and port != PORTS[parts.scheme]:
        raise BadWebhookUrl("port")
    return WebhookUrl(parts.scheme, host, port, target)


def _ascii(host: str) -> str:
    """Return a host name as the DNS knows it, or an address of IPv6 as it is."""
    if ":" in host:  # in brackets: urlsplit has looked at it
        if re.fullmatch(r"[0-9a-f:.]+", host) is None:
            raise BadWebhookUrl("not_a_url")
        return host
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        raise BadWebhookUrl("not_a_url") from None
    if HOST.fullmatch(name) is None:
        raise BadWebhookUrl("not_a_url")
    return name
