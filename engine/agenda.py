"""Looks at all that is due and all that is to come, in one glance that writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from engine.store import Store
from models.columns import from_micros, to_micros

# A delivery that waits for an earlier one of its reaction is not due, whatever its own time says.
LOOK = """
SELECT (SELECT min(fires_at) FROM clock WHERE fires_at > :after) AS clock,
       (SELECT min(d.next_at) FROM delivery d WHERE d.status IN ('waiting', 'leased') AND d.next_at > :after
           AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                              AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))) AS delivery,
       (SELECT min(at) FROM arrival WHERE taken_at IS NULL AND at > :after) AS arrival,
       (SELECT min(b.planned_at) FROM callback b JOIN clock k ON k.case_id = b.case_id AND k.cycle = b.cycle
           AND k.clause = 'revisit' AND k.closed_at IS NULL
         WHERE b.done_at IS NULL AND b.outcome IS NULL AND b.planned_at > :after) AS callback,
       (SELECT min(case_id) FROM moment) AS moment
"""


@dataclass(frozen=True, slots=True)
class Agenda:
    """When each kind of work is first due, in microseconds; ``moment`` says that one waits to be fanned out."""

    clock: int | None
    delivery: int | None
    arrival: int | None
    callback: int | None
    moment: int | None

    def next(self) -> datetime | None:
        """The first instant at which something is due."""
        ahead = [at for at in (self.clock, self.delivery, self.arrival, self.callback) if at is not None]
        return from_micros(min(ahead)) if ahead else None


def look(store: Store, after: datetime | None = None) -> Agenda:
    """What is due after an instant, or at all."""
    with store.looking() as tx:
        return Agenda(*tx.row(LOOK, after=to_micros(after) if after else -(2**62)))
