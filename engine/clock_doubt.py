"""Find out whether the clock can be believed, before cases are moved, timers fire or the record is anchored by it.

Note [The clock's witnesses]: each machine keeps in its home the instant at which it booted, by the clock that was
believed then. Whoever sets the clock changes that instant, and every process on the machine sees it. On Postgres the
database has a clock of its own, which must agree. What the store last recorded bounds the time from below. A simulated
store has its clock in a row, which is never in doubt. See ADR 45.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.clock import APART, DATABASE_TIME
from engine.durable_file import write_whole
from engine.store import Store
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

WITNESS = "clock.json"
"""The file of a home that keeps when the machine booted."""
FAR = timedelta(days=3)
"""A machine that by its clock was off for longer needs a person to confirm that clock before anything is anchored."""
LAST_ANCHOR = "SELECT line, at FROM anchor WHERE line IS NOT NULL ORDER BY line DESC LIMIT 1"
# What is recorded after the boot bears the instants of the clock that is to be checked.
BEFORE_BOOT = """
SELECT max(at) AS at FROM (
    SELECT max(at) AS at FROM anchor WHERE at <= :boot
    UNION ALL SELECT max(changed_at) FROM cases WHERE changed_at <= :boot
    UNION ALL SELECT max(ended_at) FROM run WHERE ended_at <= :boot
    UNION ALL SELECT made_at FROM store_info WHERE made_at <= :boot) recorded
"""


def clock_doubt(store: Store) -> Refused | None:
    """Return why the clock cannot be believed, if so: 'clock_jumped' or 'clock_differs', with the remedy."""
    if store.simulated:
        return None
    reading = store.clock()
    booted_at = _believed(store.home, reading.boot)
    if booted_at is not None and abs(reading.booted_at - booted_at) > APART:
        expected = reading.now + (booted_at - reading.booted_at)
        return Refused("clock_jumped", now=_text(reading.now), expected=_text(expected))
    if store.postgres:
        database = from_micros(store.ask(lambda tx: tx.row(DATABASE_TIME)).at)
        if abs(database - reading.now) > APART:
            return Refused("clock_differs", now=_text(reading.now), database=_text(database))
    return None


def refuse_doubtful_clock(store: Store) -> None:
    """Raise ``Refused('clock_jumped' | 'clock_differs')`` where what is to be done would be judged by a wrong clock."""
    if (doubt := clock_doubt(store)) is not None:
        raise doubt


def anchoring_doubt(store: Store) -> Refused | None:
    """Return why nothing may be anchored by this clock, if so: also 'clock_behind' and 'clock_far'.

    It may be behind the last anchor, or the machine was off for days by it, of which nobody has confirmed it yet.
    """
    if (doubt := clock_doubt(store)) is not None or store.simulated:
        return doubt
    reading = store.clock()
    with store.looking() as tx:
        last: Any = tx.row(LAST_ANCHOR)
        newest = tx.row(BEFORE_BOOT, boot=to_micros(reading.booted_at)).at
    now = _text(reading.now)
    if last is not None and from_micros(last.at) - reading.now > APART:
        return Refused("clock_behind", now=now, line=last.line, anchored=_text(from_micros(last.at)))
    if not reading.boot or _believed(store.home, reading.boot) is not None:
        return None
    if newest is not None and reading.booted_at - from_micros(newest) > FAR:
        return Refused("clock_far", now=now, newest=_text(from_micros(newest)))
    return None


def believe_clock(store: Store, *, anew: bool = False) -> None:
    """Keep when this machine booted, unless that is kept or the clock is in doubt.

    ``anew`` replaces it: a person has confirmed the clock. Raises ``OSError``.
    """
    if store.simulated:
        return
    reading = store.clock()
    if not reading.boot:
        return
    if anew or (_believed(store.home, reading.boot) is None and anchoring_doubt(store) is None):
        kept = {"boot": reading.boot, "booted_at": reading.booted_at.isoformat()}
        write_whole(store.home / WITNESS, json.dumps(kept).encode())


def _believed(home: Path, boot: str) -> datetime | None:
    """Return the instant of this boot by the clock that was believed; None after another boot, or without the file."""
    try:
        kept = json.loads((home / WITNESS).read_bytes())
        return datetime.fromisoformat(kept["booted_at"]) if boot and kept["boot"] == boot else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _text(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()
