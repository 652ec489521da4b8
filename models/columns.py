"""What columns hold: instants as whole microseconds since 1970 UTC, and the limits of values. Imports little."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""The first instant that is taken in, and the one after the last: year 1 and year 9999 have no time in some zones."""
LARGEST = 2**63 - 1
"""The largest number of a column."""
TEXT_LIMIT = 65_536
"""The longest text one field may hold, in bytes of UTF-8."""


def is_countable(instant: datetime) -> bool:
    """Return whether an aware instant is one that is taken in: deadlines can be counted from it in every zone."""
    return FIRST <= instant < LAST


def to_micros(instant: datetime) -> int:
    """Return microseconds since 1970 UTC. Raises ``ValueError`` for an instant without a zone (law 4)."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC instant."""
    return EPOCH + timedelta(microseconds=micros)
