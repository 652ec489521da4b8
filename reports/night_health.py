"""Reads how the night went: which scheduled work ran, which did not, and what a person must look into."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from engine.commands.holds import Held, held
from engine.duty.gaps import Turn
from engine.ledger.anchor_file import Anchored
from engine.ledger.anchoring import last_anchored
from engine.outages import Outage, outages
from engine.timers.parking import Parked, parked
from engine.transaction import Tx
from gateways.schedule import OVERNIGHT, business_schedule
from models.columns import from_micros
from reports import run_figures
from reports.duty import gaps_ahead
from reports.notices import UndeliveredNotices, notices
from reports.run_figures import DeadDelivery, RecordedRun, UnobservedRuns

NIGHT_MAY_TAKE = timedelta(hours=25)
"""A night is missing if the last one is longer ago than this."""
GRACE = timedelta(minutes=20)
"""After this delay the driver does what no worker did; before that nothing is missing."""
OUTAGE_REASONS = frozenset(
    {"driver_away", "worker_away", "database_away", "disk_full", "busy", "trouble", "clock_jumped", "clock_differs"}
)
"""The reasons of an outage that have a message of their own."""


@dataclass(frozen=True, slots=True)
class DueWork:
    """Scheduled work that was due in the report's window, and the run that did it, if there is one."""

    name: str
    due: datetime
    run: RecordedRun | None


@dataclass(frozen=True, slots=True)
class NightHealth:
    """What ran in the report's window, and what a person must look into."""

    last_night: datetime | None
    missed_night: bool
    unseen: UnobservedRuns
    dead: tuple[DeadDelivery, ...]
    refused_arrivals: int
    history: int
    works: tuple[DueWork, ...] = ()
    outages: tuple[Outage, ...] = ()
    parked: tuple[Parked, ...] = ()
    on_hold: tuple[Held, ...] = ()
    anchored: Anchored | None = None
    undelivered: UndeliveredNotices = field(default_factory=lambda: UndeliveredNotices({}))
    duty_gaps: tuple[Turn, ...] = ()
    """The times of the next two days at which nobody is on duty."""
    unanchored: bool = False
    """Whether cases changed after the last anchor and before the last night, which should have anchored them."""

    @property
    def missing(self) -> tuple[DueWork, ...]:
        """The scheduled work that no run did."""
        return tuple(work for work in self.works if work.run is None)

    @property
    def ok(self) -> bool:
        """Whether there is nothing a person must look into. A kind on hold is a person's own decision."""
        troubles = (self.missed_night, self.unseen.count, self.dead, self.refused_arrivals)
        return self.undelivered.ok and not (
            any(troubles) or self.missing or self.outages or self.parked or self.unanchored or self.duty_gaps
        )


def health(tx: Tx, since: datetime, at: datetime) -> NightHealth:
    """Return the health of the night in (since, at]."""
    last = run_figures.last_run(tx, OVERNIGHT)
    anchored = last_anchored(tx)
    return NightHealth(
        last_night=last,
        missed_night=last is not None and at - last > NIGHT_MAY_TAKE,
        unseen=run_figures.unobserved(tx, since),
        dead=run_figures.dead(tx),
        refused_arrivals=run_figures.refused_arrivals(tx),
        history=run_figures.late_records(tx, since),
        works=tuple(sorted(_due_work(tx, since, at), key=lambda work: work.due)),
        outages=tuple(outages(tx, since, at)),
        parked=tuple(parked(tx)),
        on_hold=tuple(held(tx)),
        anchored=anchored,
        undelivered=notices(tx, since),
        duty_gaps=tuple(gaps_ahead(tx, at)),
        unanchored=bool(anchored and last and run_figures.moved_between(tx, from_micros(anchored.at), last)),
    )


def _due_work(tx: Tx, since: datetime, at: datetime) -> Iterator[DueWork]:
    plans = business_schedule()
    runs_by_name = run_figures.runs(tx, [plan.name for plan in plans], since)
    begin = max(since, run_figures.founded(tx))
    for plan in plans:
        runs = runs_by_name.get(plan.name, [])
        if not runs and run_figures.last_run(tx, plan.name) is None:
            continue  # work that has never run is not missing: the driver will begin it
        instants = [plan.after(begin)]
        while instants[-1] <= at:
            instants.append(plan.after(instants[-1]))
        for due, following in pairwise(instants):
            run = next((run for run in runs if due <= run.began_at < following), None)
            if run is not None or due + GRACE <= at:
                yield DueWork(plan.name, due, run)
