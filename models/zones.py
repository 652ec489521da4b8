"""Tell the IANA time zones from other names, such as a folder of the database (Asia) or a path (../..)."""

from functools import cache
from zoneinfo import available_timezones


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Return whether there is a time zone of this name."""
    return name in _names()
