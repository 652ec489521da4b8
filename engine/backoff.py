"""Say how often failed work is tried, and when it is tried again; the one policy of deliveries and parked work."""

from datetime import datetime, timedelta

TRIES = 5
"""The number of tries after which work is given up or waits for a person."""
FIRST_WAIT = timedelta(seconds=10)
FACTOR = 4


def next_try(failed_at: datetime, tries: int) -> datetime:
    """Return when work that failed ``tries`` times is tried again: 10 s, 40 s, 160 s, … after the failure.

    The wait stops growing after ``TRIES`` + 1 failures (about 3 hours).
    """
    return failed_at + FIRST_WAIT * FACTOR ** min(tries - 1, TRIES)
