"""The only reader of the clock."""

from datetime import UTC, datetime


def system_now() -> datetime:
    """The system's time, aware and in UTC."""
    return datetime.now(UTC)
