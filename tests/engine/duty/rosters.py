"""Rosters for tests: recorded by a keeper, in effect from the day of ``START``."""

from datetime import date, datetime, time
from typing import Final

from engine.access.principal import Principal, PrincipalKind
from engine.actors import known_actor
from engine.duty.record import GivenRoster, record_roster, record_swap
from engine.duty.roster import Swap
from engine.store import Store
from models.shifts import HOUSE, WEEKDAYS, WeeklyShift
from tests.case_actions import START, SUPERVISOR

WEEK: Final = " ".join(WEEKDAYS)


def keeper(store: Store, handle: str = SUPERVISOR) -> Principal:
    """Return somebody who keeps the roster."""
    with store.looking() as tx:
        return Principal(known_actor(tx, handle), PrincipalKind.PERSON, "console")


def weekly(
    person: str,
    begins: str = "00:00",
    ends: str = "00:00",
    days: str = WEEK,
    department: str = "claims",
    level: int = 1,
) -> WeeklyShift:
    """Return a shift that comes again, around the clock on every day unless a test says otherwise."""
    times = time.fromisoformat(begins), time.fromisoformat(ends)
    return WeeklyShift(department, level, frozenset(days.split()), *times, person)


def recorded(store: Store, *shifts: WeeklyShift, at: datetime = START, valid_from: date | None = None) -> None:
    """Record a roster of these shifts."""
    record_roster(store, keeper(store), GivenRoster(shifts, "cn-office", "duty.xlsx", valid_from), at)


def swapped(
    store: Store, person: str, stand_in: str, starts_at: datetime, ends_at: datetime, *, at: datetime = START,
    department: str = "claims", level: int = 1,
) -> bool:  # fmt: skip
    """Let somebody stand in for another one."""
    swap = Swap(department or HOUSE, level, person, stand_in, starts_at, ends_at)
    return record_swap(store, keeper(store), swap, "a wedding", at)
