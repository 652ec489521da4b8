"""The time zone in which people read times.

Note [The reader's zone]
As with Django's ``timezone.activate`` and ``timezone.override``, the zone belongs to the context of a command, a
process or a mail, and is not an argument of each function that writes an instant. It is set in two places only: where a
process opens its store, and around a text for one person whose own zone is known.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.zones import is_zone
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class ReaderZone:
    """A reader's zone; ``named`` if each time of day must show its offset, because the house works in another zone."""

    zone: ZoneInfo
    named: bool = False


SHANGHAI = ReaderZone(ZoneInfo("Asia/Shanghai"))
"""The zone where neither a setting nor a published policy pack gives one."""
_current: ContextVar[ReaderZone] = ContextVar("reader_zone", default=SHANGHAI)


def zone_for(setting: str | None, packs: Collection[str]) -> ReaderZone:
    """Return the zone to read in: the setting's, else the one of all published packs, else Shanghai.

    Raises ``Refused('bad_zone_setting')``.
    """
    name = setting or (next(iter(packs)) if len(set(packs)) == 1 else SHANGHAI.zone.key)
    if not is_zone(name):
        raise Refused("bad_zone_setting", zone=name)
    return ReaderZone(ZoneInfo(name), named=any(pack != name for pack in packs))


def use_zone(zone: ReaderZone) -> None:
    """Read in this zone from now on. See Note [The reader's zone]."""
    _current.set(zone)


@contextmanager
def read_in(zone: ReaderZone) -> Iterator[None]:
    """Read in this zone for a while, as for one person's mail."""
    token = _current.set(zone)
    try:
        yield
    finally:
        _current.reset(token)


def reader() -> ReaderZone:
    """Return the zone of the reader of this context."""
    return _current.get()


def reader_zone() -> ZoneInfo:
    """Return the zone in which the reader's days begin and end."""
    return _current.get().zone


def zone_name(at: datetime) -> str:
    """Return the name of the reader's zone, and its offset at an instant."""
    zone = reader_zone()
    return f"{zone.key} ({offset(at.astimezone(zone))})"


def offset(local: datetime) -> str:
    """Return the offset of a local time: ``UTC+8``, ``UTC+5:30``."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
