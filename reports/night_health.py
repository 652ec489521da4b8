"""Whether the night itself was healthy: what ran when, what did not and why, and what a person must look into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from engine.commands.holds import Held, held
from engine.ledger.anchor_file import Anchored
from engine.ledger.anchoring import last_anchored
from engine.outages import Outage, outages
from engine.timers.parking import Parked, parked
from engine.transaction import Tx
from gateways.schedule import OVERNIGHT, business_schedule
from models.columns import from_micros
from reports import figures
from reports.figures import Dead, Run, Unseen

NIGHT_MAY_TAKE = timedelta(hours=25)
"""Past this since the last night, a night is missing."""
GRACE = timedelta(minutes=20)
"""So late, the driver does what no worker did: before that nothing is missing."""


@dataclass(frozen=True, slots=True)
class Ran:
    """Scheduled work in the report's window: when it was due, and the run that did it, if any did."""

    name: str
    due: datetime
    run: Run | None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the night itself was healthy."""

    last_night: datetime | None
    missed_night: bool
    unseen: Unseen
    dead: tuple[Dead, ...]
    refused_arrivals: int
    history: int
    works: tuple[Ran, ...] = ()
    outages: tuple[Outage, ...] = ()
    parked: tuple[Parked, ...] = ()
    on_hold: tuple[Held, ...] = ()
    anchored: Anchored | None = None
    unanchored: bool = False
    """Whether cases moved since the last anchor, and a night has come and gone over it."""

    @property
    def missing(self) -> tuple[Ran, ...]:
        """The scheduled work that nobody did."""
        return tuple(work for work in self.works if work.run is None)

    @property
    def ok(self) -> bool:
        """Nothing that a person must look into. A kind on hold is a person's own decision."""
        troubles = (self.missed_night, self.unseen.count, self.dead, self.refused_arrivals)
        return not (any(troubles) or self.missing or self.outages or self.parked or self.unanchored)


def health(tx: Tx, since: datetime, at: datetime) -> Health:
    """The health of the night that lies in (since, at]."""
    last = figures.last_run(tx, OVERNIGHT)
    anchored = last_anchored(tx)
    return Health(
        last_night=last,
        missed_night=last is not None and at - last > NIGHT_MAY_TAKE,
        unseen=figures.unseen(tx, since),
        dead=figures.dead(tx),
        refused_arrivals=figures.refused_arrivals(tx),
        history=figures.history(tx, since),
        works=tuple(sorted(_works(tx, since, at), key=lambda work: work.due)),
        outages=tuple(outages(tx, since, at)),
        parked=tuple(parked(tx)),
        on_hold=tuple(held(tx)),
        anchored=anchored,
        unanchored=bool(anchored and last and figures.moved_between(tx, from_micros(anchored.at), last)),
    )


def _works(tx: Tx, since: datetime, at: datetime) -> Iterator[Ran]:
    for plan in business_schedule():
        if figures.last_run(tx, plan.name) is None:
            continue  # a house in which nothing of the kind ever ran misses nothing yet: the driver begins it
        runs = figures.runs(tx, plan.name, since)
        instants = [plan.after(max(since, figures.founded(tx)))]
        while instants[-1] <= at:
            instants.append(plan.after(instants[-1]))
        for due, following in pairwise(instants):
            run = next((run for run in runs if due <= run.began_at < following), None)
            if run is not None or due + GRACE <= at:
                yield Ran(plan.name, due, run)
