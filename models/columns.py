"""Instants as the tables keep them: whole microseconds since 1970 UTC. Every command needs it; it imports little."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 UTC. Raises ``ValueError`` for an instant without a zone (law 4)."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC instant."""
    return EPOCH + timedelta(microseconds=micros)
