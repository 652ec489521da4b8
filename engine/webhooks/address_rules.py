"""Which addresses a webhook may have when it is added; the sender checks what a name leads to."""

from dataclasses import dataclass
from typing import Final, Self

from engine.settings import Settings
from models.public_addresses import Network, is_reachable, literal_addresses, parsed_networks
from models.webhook_url import BadWebhookUrl, parse_webhook_url
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the settings allow beyond public addresses over HTTPS: HTTP without TLS, and networks of the inside."""

    http_allowed: bool = False
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rules of the settings. Raises ``Refused('bad_webhook_networks')``."""
        try:
            return cls(settings.webhook_http, parsed_networks(settings.webhook_networks))
        except ValueError:
            raise Refused("bad_webhook_networks", value=settings.webhook_networks[:80]) from None

    def checked(self, text: str) -> str:
        """Return an address in its one form. Raises ``Refused('bad_webhook_url')``, also for one of the inside."""
        try:
            url = parse_webhook_url(text, http_allowed=self.http_allowed)
        except BadWebhookUrl as bad:
            raise Refused("bad_webhook_url", why=bad.why) from None
        literals = literal_addresses(url.host)
        if literals and not any(is_reachable(address, self.networks) for address in literals):
            raise Refused("bad_webhook_url", why="inside")
        return url.text


PUBLIC_ONLY: Final = AddressRules()
