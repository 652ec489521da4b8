"""Anchors after a night whose worker could not: a worker needs no private key, a driver has it.

A night verifies the record and anchors it where its process has the key. A worker in `deploy/` has none, because it
runs what Prefect's server starts; then the driver anchors once the night is recorded.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.ledger.anchoring import anchor, last_anchored
from engine.ledger.signing import key_of
from engine.store import Store
from flows.work import Work, off_loop
from gateways.schedule import INTEGRITY, OVERNIGHT
from models.columns import from_micros
from reports.run_figures import last_run


@dataclass
class NightAnchor:
    """Anchors once after each night; ``tried`` is when the last night began after which it did."""

    tried: datetime | None = None

    async def after_night(self, work: Work, now: datetime) -> None:
        """Anchor if a night ended without an anchor, and this process has the key. Over a doubt, none is made."""
        night = await off_loop(_not_anchored, work.store)
        if night is not None and night != self.tried:
            self.tried = night
            await off_loop(anchor, work.store, now)


def _not_anchored(store: Store) -> datetime | None:
    """Return when the last night began if nothing was anchored since, and this process could."""
    with store.looking() as tx:
        nights = [at for flow in (OVERNIGHT, INTEGRITY) if (at := last_run(tx, flow)) is not None]
        last = last_anchored(tx)
    night = max(nights, default=None)
    if night is None or (last is not None and from_micros(last.at) >= night):
        return None
    return night if key_of(store.home) is not None else None
