"""Convert instants to and from whole microseconds since 1970 UTC, as the tables store them. Imports little."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Return microseconds since 1970 UTC. Raises ``ValueError`` for an instant without a zone (law 4)."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC instant."""
    return EPOCH + timedelta(microseconds=micros)
