"""Tell addresses of the public internet from those of the inside, which a webhook may not reach by itself."""

import ipaddress
import socket
from collections.abc import Sequence

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNICAST = ipaddress.IPv6Network("2000::/3")
"""What of IPv6 is assigned to the public internet; all else is local, embeds another address, or is reserved."""
NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "2001::/23",  # Teredo, ORCHID and other protocols: some lead to an address of IPv4
        "2001:db8::/32",
        "2002::/16",  # 6to4: an address of IPv4 within
        "3fff::/20",
    )
)
"""Ranges of the registries of special addresses (RFC 6890 and later): private, of this machine, of the link, of the
provider, multicast, documentation, or with an address of IPv4 within."""


LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("localhost", "localdomain", "ip6-localhost", "ip6-loopback")
"""Names of this machine, and of every name below them (RFC 6761, 6.3)."""


def literal_addresses(host: str) -> tuple[str, ...]:
    """Return the addresses that a host names without a resolver: a literal in any form, or this machine.

    ``2130706433``, ``0177.0.0.1``, ``0x7f.1`` and ``127.1`` are 127.0.0.1.
    """
    name = host.rstrip(".").lower()
    if name.rpartition(".")[2] in LOCAL_NAMES:
        return LOOPBACK
    if ":" in name:
        return (name,)
    try:
        return (socket.inet_ntoa(socket.inet_aton(name)),)
    except OSError:
        return ()


def parsed_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list that is separated by commas. Raises ``ValueError``."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def plain_address(text: str) -> IpAddress:
    """Return an address; one of IPv4 that is written as one of IPv6 is what it stands for. Raises ``ValueError``."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_reachable(text: str, allowed: Sequence[Network]) -> bool:
    """Return whether a connection may be made to an address: a public one, or one of the allowed networks."""
    try:
        address = plain_address(text)
    except ValueError:
        return False
    if any(address in network for network in allowed):
        return True
    if isinstance(address, ipaddress.IPv6Address) and address not in UNICAST:
        return False
    return address.is_global and not any(address in network for network in NOT_PUBLIC)
