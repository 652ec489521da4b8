"""Read the system clock; no other module does."""

from datetime import UTC, datetime


def system_now() -> datetime:
    """Return the system time, aware and in UTC."""
    return datetime.now(UTC)
