"""Where the REST API listens, whether that address is free, and the links that begin with it."""

import socket
from dataclasses import dataclass

from engine.settings import Settings
from flows.case_address import site
from statemachines.refused import Refused

HOST, PORT = "127.0.0.1", 4280
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the API listens, by how many workers, and which proxies may say whose request they pass on."""

    host: str = HOST
    port: int = PORT
    workers: int = 1
    proxies: str = ""

    @property
    def url(self) -> str:
        """Return the address of the API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/api/v1"

    @property
    def site(self) -> str:
        """Return the address at which the pages begin."""
        return self.url.removesuffix("/api/v1")

    def answers(self) -> bool:
        """Return whether the API answers there."""
        return is_alive(self.url)


def invitation_link(settings: Settings, code: str) -> str:
    """Return a one-time link. Its code stands after the #, which no browser sends and no server logs."""
    address = site(settings.given_public_url, settings.where) or settings.public_url
    return f"{address}/login/invitation#{code}"


def is_alive(url: str) -> bool:
    """Return whether the API of this address answers at its ``/livez``."""
    import httpx

    try:
        return httpx.get(httpx.URL(url).copy_with(path="/livez"), timeout=PROBE_SECONDS, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def check_listening(listening: Listening) -> None:
    """Raise ``Refused('address_taken')`` where the address cannot be listened on now."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listening.host, listening.port))
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Refused("address_taken", host=listening.host, port=listening.port, why=why) from None
