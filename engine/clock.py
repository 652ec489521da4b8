"""Read the clocks: the system's, and how long the machine has been up; no other module does.

The system clock can be set; the time since the boot cannot, and it counts sleep. So the instant at which the machine
booted, as the system clock has it, changes only when somebody, or a time server, sets that clock.
"""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

APART = timedelta(minutes=10)
"""The most by which clocks may differ without one of them being wrong."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DATABASE_TIME = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at"
"""The clock of a Postgres, in microseconds since 1970 UTC."""


class Reading(NamedTuple):
    """The system time, and by it the instant of the boot, whose id is empty where the system gives none."""

    now: datetime
    boot: str
    booted_at: datetime


def system_now() -> datetime:
    """Return the system time, aware and in UTC."""
    return datetime.now(UTC)


def read_clock() -> Reading:
    """Return what the clocks of this machine say."""
    now = system_now()
    with contextlib.suppress(OSError, AttributeError):  # not on every system
        uptime = timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
        return Reading(now, BOOT_ID.read_text("ascii").strip(), now - uptime)
    return Reading(now, "", now)
