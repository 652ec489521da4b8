"""Tells how old the XML parser of this Python is: before 2.6.0, expat takes quadratic time for one large token."""

import pyexpat

from apps.health import Health

SAFE = (2, 6, 0)


def xml_parser_health(version: tuple[int, int, int] = pyexpat.version_info) -> Health:
    """Return the health of the parser. An old one is no fault by itself: what is read has limits of its own."""
    return Health("xml", True, "current" if version >= SAFE else "old", {"version": ".".join(map(str, version))})
