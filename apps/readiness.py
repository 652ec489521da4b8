"""Tells a load balancer or a monitor whether closeloop can do its work: codes and amounts, nothing of cases."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.status import LAG_ALLOWED, driver_health
from engine.store import Store
from engine.timers.next_due import look
from models.columns import from_micros
from reports.run_figures import deliveries_by_status
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the database answers, a driver is heard from, and no timer is overdue by more than is allowed."""

    database: str
    driver: str | None = None
    driver_ok: bool = False
    lag_seconds: float | None = None

    @property
    def ready(self) -> bool:
        """Whether all of it is as it should be."""
        lag = self.lag_seconds
        return self.database == "there" and self.driver_ok and lag is not None and lag <= LAG_ALLOWED.total_seconds()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How long ago the oldest timer was due, and how many deliveries there are by status."""

    lag_seconds: float
    deliveries: dict[str, int]


def readiness(store: Store, home: Path) -> Readiness:
    """Return whether this system is ready. A simulated store has no driver and needs none."""
    try:
        now = store.now()
        with store.looking() as tx:
            driver = driver_health(tx, now, home, needed=not store.simulated)
        return Readiness("there", driver.code, driver.ok, lag(store, now))
    except Refused as refused:
        return Readiness(refused.code)


def backlog(store: Store) -> Backlog:
    """Return what waits to be done."""
    with store.looking() as tx:
        deliveries = deliveries_by_status(tx)
    return Backlog(lag(store, store.now()), deliveries)


def lag(store: Store, now: datetime) -> float:
    """Return for how many seconds the oldest due timer has waited; 0 where none is due."""
    due = look(store).timer
    return max((now - from_micros(due)).total_seconds(), 0.0) if due else 0.0
